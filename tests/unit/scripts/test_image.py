import hashlib
import io
import json
import stat
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "cluster" / "image.py"


def pack(*arguments: str) -> bytes:
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], check=True, capture_output=True).stdout


class Archive:
    """An OCI layout in a tar, read the way a container runtime reads it: from the index down, by digest."""

    def __init__(self, data: bytes) -> None:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            self.files = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}  # type: ignore[union-attr]
        index = json.loads(self.files["index.json"])
        (self.entry,) = index["manifests"]
        self.manifest: dict[str, Any] = json.loads(self.blob(self.entry))
        self.config: dict[str, Any] = json.loads(self.blob(self.manifest["config"]))
        (layer,) = self.manifest["layers"]
        self.layer = self.blob(layer)

    def blob(self, descriptor: dict[str, Any]) -> bytes:
        algorithm, digest = descriptor["digest"].split(":")
        data = self.files[f"blobs/{algorithm}/{digest}"]
        assert hashlib.sha256(data).hexdigest() == digest
        assert len(data) == descriptor["size"]
        return data

    def members(self) -> dict[str, tarfile.TarInfo]:
        with tarfile.open(fileobj=io.BytesIO(self.layer)) as tar:
            return {member.name: member for member in tar}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(b"\x7fELF" + bytes(1000))
    path.chmod(0o700)
    return path


def test_every_digest_and_size_in_an_archive_is_true(program: Path) -> None:
    archive = Archive(pack("example.org/program:1", f"/usr/bin/program={program}"))
    assert archive.entry["annotations"]["io.containerd.image.name"] == "example.org/program:1"
    assert archive.config["rootfs"]["diff_ids"] == [archive.manifest["layers"][0]["digest"]]


def test_the_image_runs_what_it_is_told_as_whom_it_is_told(program: Path) -> None:
    options = ["--user", "8737", "--entrypoint", "program run", "--command", "now"]
    config = Archive(pack("program:1", *options, f"/bin/program={program}")).config["config"]
    assert config["User"] == "8737"
    assert config["Entrypoint"] == ["program", "run"]
    assert config["Cmd"] == ["now"]


def test_any_user_may_run_a_packed_file_and_write_to_tmp(program: Path) -> None:
    members = Archive(pack("program:1", f"/usr/bin/program={program}")).members()
    assert set(members) == {"tmp", "usr", "usr/bin", "usr/bin/program"}
    assert stat.S_IMODE(members["usr/bin/program"].mode) == 0o755
    assert members["usr/bin/program"].size == program.stat().st_size
    assert stat.S_IMODE(members["tmp"].mode) == 0o1777


def test_the_same_files_give_the_same_bytes(program: Path) -> None:
    first = pack("program:1", f"/bin/program={program}")
    program.touch()
    assert pack("program:1", f"/bin/program={program}") == first


def test_every_command_of_a_busybox_is_a_link_to_it(tmp_path: Path) -> None:
    busybox = tmp_path / "busybox"
    busybox.write_text("#!/bin/sh\nprintf 'busybox\\nls\\nsh\\n'\n")
    busybox.chmod(0o755)
    members = Archive(pack("busybox:1", f"/bin/busybox={busybox}", "--busybox", "/bin/busybox")).members()
    links = {name: member.linkname for name, member in members.items() if member.issym()}
    assert links == {"bin/ls": "busybox", "bin/sh": "busybox"}
    assert members["bin/busybox"].isfile()


@pytest.mark.parametrize("file", ["/bin/program", "/bin/program=", "/bin/program=/nowhere/program"])
def test_a_file_that_is_not_there_is_refused_by_name(file: str) -> None:
    command = [sys.executable, str(SCRIPT), "program:1", file]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert file in result.stderr
    assert "Traceback" not in result.stderr
