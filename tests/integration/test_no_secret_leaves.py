"""What a study is let in with is found nowhere in what it leaves or says."""

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from kvjob.store import open_store
from kvjob.store.s3_client import S3Access
from tests.asking import Said, ask
from tests.integration.servers import _free_ports
from tests.integration.study import Done, command, kvjob

PASSWORD = "hunter2+Pass/word=="
"""Of an address; it has what changes when it is encoded."""
TOKEN = "tOkEn+of/a+session=="
WRONG = {"AWS_SECRET_ACCESS_KEY": "another-secret", "AWS_MAX_ATTEMPTS": "1"}
ONE = (
    "name: one\npreset: smoke\nbase: {batch_size: 4, epochs: 6}\n"
    "experiments: [{name: encoder, levels: [resnet999]}]\n"
)


def forms(secret: str) -> set[bytes]:
    """A secret as it is, as URLs and JSON write it, and in base64 at each of its three places in a text."""
    raw = secret.encode()
    encoded = {base64.b64encode(bytes(shift) + raw)[4 if shift else 0 : -4] for shift in range(3)}
    return {raw, quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode(), *encoded}


def hidden(secrets: list[str], texts: dict[str, bytes]) -> None:
    assert texts
    for where, text in texts.items():
        for secret in secrets:
            for form in forms(secret):
                assert form not in text, f"{where} holds {secret!r} as {form!r}"


def words(done: Done | Said) -> dict[str, bytes]:
    return {"out": done.out.encode(), "err": done.err.encode()}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_forms_of_a_secret_are_found_wherever_they_stand():
    for before in ("", "a", "ab"):
        text = base64.b64encode(f"{before}{PASSWORD}:x".encode())
        assert any(form in text for form in forms(PASSWORD))


@pytest.fixture
def scraped(s3_url) -> Iterator[object]:
    """Reads the exporter's page of the store."""
    [port] = _free_ports(1)
    process = subprocess.Popen(
        command("exporter", "--store", f"{s3_url}/x", "--port", port),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )

    def page() -> bytes:
        deadline = time.monotonic() + 60
        while True:
            try:
                assert urlopen(f"http://127.0.0.1:{port}/-/ready").status == 200
                return bytes(urlopen(f"http://127.0.0.1:{port}/metrics").read())
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.2)

    try:
        yield lambda: {"metrics": page(), "exporter": _end(process)}
    finally:
        process.kill()
        process.wait()


def _end(process: subprocess.Popen[bytes]) -> bytes:
    process.terminate()
    return process.communicate(timeout=30)[0]


@pytest.mark.parametrize("running_server", ["minio"], indirect=True)
def test_nothing_a_study_leaves_or_says_holds_its_credentials(
    s3_server, s3_url, tiny_data, tmp_path, scraped
):
    study, url = tmp_path / "one.yaml", f"{s3_url}/x"
    study.write_text(ONE)
    secrets = [s3_server.secret_key]
    places = ("--data", tiny_data, "--store", url, "--logs", tmp_path / "logs", "--out", tmp_path / "report")
    cache = ("--cache", tmp_path / "cache")
    left: dict[str, bytes] = {}

    # interrupted: a signal while the run that can be trained trains
    with (tmp_path / "first.txt").open("wb") as words_of_it:
        process = subprocess.Popen(
            command("run", study, *places, *cache, "--jobs", 1), stdout=words_of_it, stderr=subprocess.STDOUT
        )
        store = open_store(url)
        deadline = time.monotonic() + 200
        while not any(entry.key.endswith("/latest.json") for entry in store.list("runs/")):
            assert process.poll() is None, (tmp_path / "first.txt").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 75

    turned_away = kvjob("run", study, *places, *cache, **WRONG)
    assert turned_away.code == 74
    left |= {f"refused {k}": v for k, v in words(turned_away).items()}
    # one run finishes, and the other fails in its trainer
    done = kvjob("run", study, *places, *cache)
    assert done.code == 1, done.err
    assert "encoder 'resnet999'" in done.err
    left |= {f"run {k}": v for k, v in words(done).items()}
    for verb in (
        ("plan", study),
        ("status", "one"),
        ("plan", study, "--json"),
        ("status", "one", "--json"),
        ("verdict", "one"),
    ):
        left |= {f"{verb} {k}": v for k, v in words(ask(*verb, "--store", url)).items()}
    failed = next(entry.key.split("/")[1] for entry in store.list() if entry.key.endswith("/failure.json"))
    left |= {f"logs {k}": v for k, v in words(ask("logs", failed, "--store", url)).items()}
    assert b"resnet999" in left["logs out"]
    for entry in store.list():
        left[entry.key] = store.read(entry.key)
    assert any(key.endswith("environment.json") for key in left)
    assert any("/attempts/" in key for key in left)
    left |= (
        scraped()
        | files(tmp_path / "report")
        | files(tmp_path / "logs")
        | {"first": (tmp_path / "first.txt").read_bytes()}
    )
    hidden(secrets, left)


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_ENDPOINT_URL": f"http://kvjob:{quote(PASSWORD, safe='')}@127.0.0.1:9"},
        {"AWS_ENDPOINT_URL": f"kvjob:{quote(PASSWORD, safe='')}@127.0.0.1:9"},
        {"AWS_ENDPOINT_URL": f"http://kvjob:{PASSWORD}@127.0.0.1:9"},
        {"AWS_ENDPOINT_URL": f"http://kvjob:{PASSWORD}@127.0.0.1:port"},
        {"AWS_ENDPOINT_URL": f"ftp://kvjob:{PASSWORD}@[::1"},
        {"HTTP_PROXY": f"http://kvjob:{quote(PASSWORD, safe='')}@127.0.0.1:9", "NO_PROXY": ""},
        {"HTTP_PROXY": f"http://kvjob:{PASSWORD}@127.0.0.1:9", "NO_PROXY": ""},
        {"HTTP_PROXY": f"kvjob:{PASSWORD}@127.0.0.1:port", "NO_PROXY": ""},
        {"AWS_SECRET_ACCESS_KEY": f"{PASSWORD}\n"},
        {"AWS_ACCESS_KEY_ID": f"{PASSWORD}\n"},
        {"AWS_SESSION_TOKEN": f"{TOKEN}\n"},
        {"AWS_SESSION_TOKEN": TOKEN},
    ],
    ids=range(12),
)
def test_no_message_of_a_store_that_cannot_be_reached_holds_what_was_to_open_it(variables):
    none = dict.fromkeys(("http_proxy", "https_proxy", "no_proxy", "AWS_PROFILE"), "")
    keys = {"AWS_ACCESS_KEY_ID": "an-access-key", "AWS_SECRET_ACCESS_KEY": PASSWORD, "AWS_MAX_ATTEMPTS": "1"}
    place = {"AWS_ENDPOINT_URL": "http://127.0.0.2:9", "AWS_CONFIG_FILE": os.devnull}
    done = ask("status", "x", "--store", "s3://bucket/x", environment={**none, **place, **keys, **variables})
    assert done.code in (74, 78), done.err
    hidden([PASSWORD, TOKEN], words(done))


@pytest.mark.parametrize("place", [f"s3://kvjob:{PASSWORD}@bucket/x", f"https://kvjob:{PASSWORD}@host/x"])
def test_an_address_with_a_password_is_refused_without_saying_it(place, tmp_path):
    for verb in (("status", "x"), ("report", "x", "--out", tmp_path / "out")):
        done = ask(*verb, "--store", place)
        assert done.code == 78
        hidden([PASSWORD], words(done))


def test_the_secret_of_an_access_is_not_shown_by_what_holds_it():
    access = S3Access("http://127.0.0.1:9", "us-east-1", "an-access-key", PASSWORD)
    hidden(
        [PASSWORD], {"repr": repr(access).encode(), "store": repr(open_store("s3://bucket", access)).encode()}
    )
