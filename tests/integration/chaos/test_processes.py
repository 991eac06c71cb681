"""Faults at random moments: a study ends with the bytes of one that nothing disturbed.

KVJOB_CHAOS_FAULTS is their number, KVJOB_CHAOS_SEED repeats a schedule, KVJOB_CHAOS_OUT takes the figures.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kvjob.store import Store, open_store
from kvjob.store.s3 import S3Store
from kvjob.store.s3_client import S3Access
from tests.integration.chaos.faults import FAULTS
from tests.integration.chaos.processes import Commands, Processes
from tests.integration.chaos.promises import Promises, announced_seed, study_of
from tests.integration.chaos.proxy import Proxy
from tests.integration.chaos.rounds import Disturbed, disturb, usual_seconds
from tests.integration.chaos.schedule import schedule
from tests.integration.servers import S3Server, start
from tests.integration.study import kvjob

NUMBER = int(os.environ.get("KVJOB_CHAOS_FAULTS", "5"))
RUNS, EPOCHS = (2, 12) if NUMBER <= 10 else (4, 24)
TIMEOUT = 900 + 90 * NUMBER

STUDY = study_of(RUNS, EPOCHS)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("study") / "chaos.yaml"
    path.write_text(json.dumps(STUDY))
    return path


@pytest.fixture(scope="module")
def undisturbed(study: Path, tiny_data: Path, tmp_path_factory) -> Store:
    folder = tmp_path_factory.mktemp("undisturbed")
    places = ("--store", folder / "store", "--out", folder / "report", "--logs", folder)
    done = kvjob("run", study, "--data", tiny_data, "--jobs", 2, *places, timeout=TIMEOUT)
    assert done.code == 0, done.err
    return open_store(str(folder / "store"))


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[S3Server]:
    with start("seaweedfs", tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def ended(server: S3Server, undisturbed: Store, study: Path, tiny_data: Path, tmp_path_factory) -> Disturbed:
    """The same study, disturbed until every fault of the schedule was injected."""
    seed = announced_seed(NUMBER)

    @contextmanager
    def begin() -> Iterator[Processes]:
        folder, bucket = tmp_path_factory.mktemp("disturbed"), server.new_bucket()
        access = S3Access(server.endpoint, "us-east-1", server.access_key, server.secret_key)
        proxy = Proxy(server.endpoint)
        places = (
            "--store",
            f"s3://{bucket}",
            "--out",
            folder / "report",
            "--logs",
            folder,
            "--cache",
            folder,
        )
        line = ("run", study, "--data", tiny_data, "--jobs", 2, *places)
        variables = {**server.environment(), "AWS_ENDPOINT_URL": proxy.endpoint}
        commands = Commands(line, folder, variables)
        try:
            yield Processes(S3Store(bucket, access=access), study=commands, proxy=proxy)
        finally:
            commands.end()
            proxy.close()

    return disturb(seed, schedule(FAULTS, seed, NUMBER), begin, usual_seconds(undisturbed))


@pytest.mark.timeout(TIMEOUT)
class TestProcesses(Promises):
    runs, epochs, number = RUNS, EPOCHS, NUMBER
