"""Pack files into an OCI image archive with one layer: a stand-in for an image that is pulled elsewhere.

    image.py NAME [OPTION]… IN_IMAGE=ON_DISK… > archive.tar

The same files give the same bytes: owners and times are left out.
"""

import argparse
import hashlib
import io
import json
import platform
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def pack_layer(out: IO[bytes], files: Mapping[PurePosixPath, Path], busybox: PurePosixPath | None) -> None:
    """Write a tar of `files`, their folders, an open /tmp, and a link for each command of `busybox`."""
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        folders = {folder for path in files for folder in path.parents} - {PurePosixPath()}
        for folder in sorted(folders):
            tar.addfile(_member(folder, tarfile.DIRTYPE, 0o755))
        tar.addfile(_member(PurePosixPath("tmp"), tarfile.DIRTYPE, 0o1777))
        for path, source in sorted(files.items()):
            member = _member(path, tarfile.REGTYPE, 0o755)
            member.size = source.stat().st_size
            with source.open("rb") as content:
                tar.addfile(member, content)
        if busybox is not None:
            for applet in _applets(files[busybox]):
                link = _member(busybox.with_name(applet), tarfile.SYMTYPE, 0o777)
                link.linkname = busybox.name
                tar.addfile(link)


def _member(path: PurePosixPath, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(str(path))
    member.type, member.mode = kind, mode
    return member


def _applets(program: Path) -> list[str]:
    """The commands that a busybox plays, but for its own name."""
    listed = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout
    return sorted(set(listed.split()) - {"busybox"})


class ArchiveWriter:
    """An OCI layout, written to a stream as a tar; what points to a blob is written after it."""

    def __init__(self, out: IO[bytes]) -> None:
        self._tar = tarfile.open(fileobj=out, mode="w|")  # noqa: SIM115 - closed by `finish`

    def blob(self, kind: str, content: IO[bytes]) -> dict[str, Any]:
        """Write a blob under its digest and return the descriptor that others point to it with."""
        hasher = hashlib.sha256()
        while block := content.read(1 << 20):
            hasher.update(block)
        size = content.tell()
        content.seek(0)
        self._file(f"blobs/sha256/{hasher.hexdigest()}", size, content)
        return {"mediaType": kind, "digest": f"sha256:{hasher.hexdigest()}", "size": size}

    def document(self, kind: str, value: object) -> dict[str, Any]:
        """Write a JSON blob."""
        return self.blob(kind, io.BytesIO(json.dumps(value, sort_keys=True).encode()))

    def finish(self, name: str, manifest: Mapping[str, Any]) -> None:
        """Write the index, which says that the image of `manifest` is called `name`."""
        entry = {**manifest, "annotations": {"io.containerd.image.name": name}}
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
        for path, value in (("index.json", index), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
            data = json.dumps(value).encode()
            self._file(path, len(data), io.BytesIO(data))
        self._tar.close()

    def _file(self, path: str, size: int, content: IO[bytes]) -> None:
        member = _member(PurePosixPath(path), tarfile.REGTYPE, 0o644)
        member.size = size
        self._tar.addfile(member, content)


def write_image(out: IO[bytes], name: str, layer: IO[bytes], settings: Mapping[str, Any]) -> None:
    """Write an archive of one image to `out`, which need not be seekable."""
    machine = platform.machine()
    archive = ArchiveWriter(out)
    packed = archive.blob(LAYER, layer)
    config = {
        "architecture": ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [packed["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": archive.document(CONFIG, config),
        "layers": [packed],
    }
    archive.finish(name, archive.document(MANIFEST, manifest))


def main() -> None:
    """Read the command line and write the archive to standard output."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("--user", default="", help="the id that runs it; root when left out")
    parser.add_argument("--entrypoint", default="", help="what it always runs, before a pod's `args`")
    parser.add_argument("--command", default="", help="what it runs unless a pod says otherwise")
    parser.add_argument("--busybox", help="one of the files: link each of its commands to it")
    parser.add_argument("files", nargs="+", metavar="IN_IMAGE=ON_DISK", type=_file)
    args = parser.parse_args()
    if sys.stdout.isatty():
        parser.error("an archive is not for a terminal: send it to a file or a pipe")

    settings = {
        "Entrypoint": args.entrypoint.split(),
        "Cmd": args.command.split(),
        "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"],
        "User": args.user,
    }
    with tempfile.TemporaryFile() as layer:
        pack_layer(layer, dict(args.files), _in_image(args.busybox) if args.busybox else None)
        layer.seek(0)
        write_image(sys.stdout.buffer, args.name, layer, settings)


def _file(pair: str) -> tuple[PurePosixPath, Path]:
    path, sign, source = pair.partition("=")
    if not sign or not Path(source).is_file():
        raise argparse.ArgumentTypeError(f"{pair}: not a path in the image, `=`, and a file that exists")
    return _in_image(path), Path(source)


def _in_image(path: str) -> PurePosixPath:
    """`path` as a tar holds it, without its leading slash."""
    return PurePosixPath(path.lstrip("/"))


if __name__ == "__main__":
    main()
