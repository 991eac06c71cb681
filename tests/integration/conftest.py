"""Real S3 servers for tests: ask for `s3_url` (or `s3_server`), and the test runs once on each of them.

A test for which one server is enough says so:
`@pytest.mark.parametrize("running_server", ["moto"], indirect=True)`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kvjob.store import open_store
from tests.integration.servers import NAMES, S3Server, start
from tests.integration.study import make_plan, train_here

_BUILDING_SECONDS = 1200
"""MinIO is compiled where it is met for the first time."""


@pytest.fixture(scope="session")
def server_named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], S3Server]]:
    """Starts a server when it is first asked for; it runs until the last test is over."""
    running: dict[str, S3Server] = {}
    with ExitStack() as stack:

        def named(name: str) -> S3Server:
            if name not in running:
                running[name] = stack.enter_context(start(name, tmp_path_factory.mktemp(name)))
            return running[name]

        yield named


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.timeout(_BUILDING_SECONDS)) for name in NAMES])
def running_server(request: pytest.FixtureRequest, server_named: Callable[[str], S3Server]) -> S3Server:
    """A server for all tests that need it."""
    return server_named(request.param)


@pytest.fixture
def s3_server(running_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """A server to which the AWS variables of this process, and of those it starts, point."""
    for name in (
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL_S3",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in running_server.environment().items():
        monkeypatch.setenv(name, value)
    return running_server


@pytest.fixture
def s3_url(s3_server: S3Server) -> str:
    """`s3://bucket` of an empty bucket on the server that the AWS variables point to."""
    return f"s3://{s3_server.new_bucket()}"


@pytest.fixture(scope="session")
def undisturbed(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of the study OPTIMIZER, trained without a disturbance."""
    folder = tmp_path_factory.mktemp("undisturbed")
    store = open_store(str(folder / "store"))
    small = {"epochs": 4, "batch_size": 4}
    plan = make_plan(store, "paper", tiny_data, preset="smoke", only=["optimizer"], base=small)
    train_here(store, "paper", plan, folder / "cache")
    return folder / "store"
