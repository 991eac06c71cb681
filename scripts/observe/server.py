"""A Prometheus of one's own on loopback, with what it scrapes or with what it is given."""

import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server
from urllib.error import URLError
from urllib.request import urlopen

FIND = Path(__file__).parent / "prometheus"
START_SECONDS = 30


def programs() -> Path:
    """Folder of prometheus and promtool.

    Raises:
        FileNotFoundError: neither is at hand; the text says what to do.
    """
    found = subprocess.run([str(FIND)], capture_output=True, text=True, check=False)
    if found.returncode:
        raise FileNotFoundError(found.stderr.strip())
    return Path(found.stdout.strip())


@contextmanager
def prometheus(folder: Path, config: str = "", flags: Iterable[str] = ()) -> Iterator[str]:
    """Runs one until the block ends.

    Args:
        folder: for its configuration, log and data (`data/`).
        config: prometheus.yml; empty scrapes nothing.
        flags: more of its command line.

    Yields:
        Its address, `http://127.0.0.1:PORT`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "prometheus.yml"
    file.write_text(config or "scrape_configs: []\n", encoding="utf-8")
    port = _free_port()
    line = [
        str(programs() / "prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
        *flags,
    ]
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(line, stdout=output, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def backfill(lines: Iterable[str], folder: Path) -> None:
    """Put OpenMetrics lines with times into `folder/data`, for a Prometheus that is started there later."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "lines.om"
    with file.open("w", encoding="utf-8") as output:
        output.writelines(lines)
    tool = [str(programs() / "promtool"), "tsdb", "create-blocks-from", "openmetrics"]
    done = subprocess.run(
        [*tool, "--quiet", str(file), str(folder / "data")], capture_output=True, text=True, check=False
    )
    file.unlink()
    if done.returncode:
        raise ValueError(f"promtool: {done.stderr.strip()}")


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    limit = time.monotonic() + START_SECONDS
    while True:
        try:
            with urlopen(f"{address}/-/ready", timeout=5):  # noqa: S310  (loopback)
                return
        except (URLError, OSError):
            if process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"prometheus did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.1)
