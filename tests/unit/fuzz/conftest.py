"""How long to fuzz: seeded and short for a suite, and as long as KVJOB_FUZZ_EXAMPLES says."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

EXAMPLES = os.environ.get("KVJOB_FUZZ_EXAMPLES", "")
"""Examples of each test; those of a suite are always the same ones, these are new each time."""

settings.register_profile(
    "fuzz",
    max_examples=int(EXAMPLES or 10),
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True, scope="session")
def _nothing_of_this_machine() -> None:
    """No setting of whoever runs the tests decides what they find."""
    for name in [name for name in os.environ if name.startswith(("KVJOB_STORE", "AWS_"))]:
        del os.environ[name]


@pytest.fixture
def memory() -> Iterator[None]:
    """At most 4 GB more of address space than there is now: what claims more must not be given it."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + 4 * 10**9, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)
