"""Real S3 servers for tests: ask for `s3_url` (or `s3_server`), and the test runs once on each of them.

A test for which one server is enough says so:
`@pytest.mark.parametrize("running_server", ["moto"], indirect=True)`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.servers import NAMES, S3Server, start
from tests.integration.study import OPTIMIZER, kvjob

_BUILDING_SECONDS = 1200
"""MinIO is compiled where it is met for the first time."""


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.timeout(_BUILDING_SECONDS)) for name in NAMES],
)
def running_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[S3Server]:
    """A server, started for all tests that need it."""
    with start(request.param, tmp_path_factory.mktemp(request.param)) as server:
        yield server


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
    places = ("--store", folder / "store", "--out", folder / "report", "--logs", folder)
    done = kvjob(*OPTIMIZER, "--data", tiny_data, *places)
    assert done.code == 0, done.err
    return folder / "store"
