"""Downloads that are cut, resumed, changed and refused, against a real server."""

from pathlib import Path

import numpy as np
import pytest

from kvjob.data.download import download
from kvjob.errors import DataError
from tests.unit.data.file_server import FileServer, serving

CONTENT = np.random.default_rng(0).bytes(1_000_000)
OTHER = np.random.default_rng(1).bytes(1_000_000)


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "file.zip"


def get(server: FileServer, target: Path, told: list[tuple[int, int]] | None = None) -> None:
    download(server.url, target, lambda *done: None if told is None else told.append(done), pause=0)


def test_a_file_is_downloaded_and_nothing_else_is_left(target):
    told = []
    with serving(CONTENT) as server:
        get(server, target, told)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["file.zip"]
    assert told[-1] == (1_000_000, 1_000_000)
    assert told == sorted(told)


def test_a_cut_connection_is_resumed_where_it_was_cut(target):
    with serving(CONTENT, cuts=[400_000, 300_000]) as server:
        get(server, target)
        assert len(server.asked) == 3
        assert server.asked[0] == ""
        assert all(asked.startswith("bytes=") for asked in server.asked[1:])
        assert server.sent < 1_000_000 + 3 * 2**16
    assert target.read_bytes() == CONTENT


def test_a_later_call_goes_on_with_what_an_earlier_left(target):
    with serving(CONTENT, cuts=[600_000] + [0] * 20) as server:
        with pytest.raises(DataError):
            get(server, target)
        server.cuts.clear()
        before = server.sent
        get(server, target)
        assert server.sent - before <= 400_000 + 2**16
    assert target.read_bytes() == CONTENT


def test_a_server_without_ranges_sends_all_again(target):
    with serving(CONTENT, cuts=[400_000], ranges=False) as server:
        get(server, target)
        assert server.sent == 1_400_000
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("if_range", [True, False])
@pytest.mark.parametrize(
    "changed", [OTHER, OTHER[:700_000], OTHER + OTHER], ids=["same size", "smaller", "larger"]
)
def test_a_file_that_has_changed_meanwhile_is_begun_anew(target, changed, if_range):
    with serving(CONTENT, cuts=[400_000] + [0] * 20, if_range=if_range) as server:
        with pytest.raises(DataError):
            get(server, target)
        server.cuts.clear()
        server.content = changed
        get(server, target)
    assert target.read_bytes() == changed


def test_a_file_that_became_shorter_than_what_there_is_is_begun_anew(target):
    with serving(CONTENT, cuts=[400_000] + [0] * 20, if_range=False, tags=False) as server:
        with pytest.raises(DataError):
            get(server, target)
        server.cuts.clear()
        server.content = OTHER[:100_000]
        get(server, target)
    assert target.read_bytes() == OTHER[:100_000]


def test_a_damaged_note_beside_the_part_is_ignored(target):
    with serving(CONTENT, cuts=[400_000] + [0] * 20) as server:
        with pytest.raises(DataError):
            get(server, target)
        target.with_name("file.zip.part.json").write_text("{")
        server.cuts.clear()
        get(server, target)
        assert server.asked[-1] == ""
    assert target.read_bytes() == CONTENT


def test_a_refusal_is_told_at_once_and_an_overload_after_some_tries(target):
    with serving(CONTENT, status=404) as server:
        with pytest.raises(DataError, match="404"):
            get(server, target)
        assert len(server.asked) == 1
    with serving(CONTENT, status=503) as server:
        with pytest.raises(DataError, match="503"):
            get(server, target)
        assert len(server.asked) == 5


def test_without_a_network_the_message_tells_how_to_go_on(target):
    with pytest.raises(DataError) as refused:
        download("http://127.0.0.1:9/file.zip", target, lambda *_: None, pause=0)
    message = str(refused.value)
    assert message.startswith("http://127.0.0.1:9/file.zip: cannot be downloaded")
    assert "refused" in message
    assert f"save it as {target}" in message
    with pytest.raises(DataError, match=r"nowhere\.invalid"):
        download("http://nowhere.invalid/file.zip", target, lambda *_: None, pause=0)


def test_a_disk_that_refuses_is_told(tmp_path):
    with serving(CONTENT) as server, pytest.raises(DataError, match="disk refuses"):
        get(server, tmp_path / "no" / "folder" / "file.zip")
