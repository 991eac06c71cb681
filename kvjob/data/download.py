"""One file over HTTP, resumed where it was cut off."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, LocationValueError
from urllib3.response import BaseHTTPResponse

from kvjob.data.disk import refused
from kvjob.data.threads import Progress
from kvjob.errors import DataError

ATTEMPTS = 5
"""Broken connections in a row, with nothing received in between, before giving up."""
CHUNK = 2**16
TIMEOUT = urllib3.Timeout(connect=20, read=60)
SPAN = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class _Refused(HTTPError):  # noqa: N818  (an answer, not a defect)
    """The server says no, and would say it again."""


@dataclass(frozen=True, slots=True)
class _Version:
    """What tells one version of a file on a server from another."""

    url: str
    size: int | None
    etag: str
    modified: str


def download(url: str, target: Path, progress: Progress, pause: float = 0.5) -> None:
    """Download url to target, which appears when it is complete.

    What has arrived is kept in `target.part`, and what the server said of it in `target.part.json`; a later
    call asks only for the rest, unless the file on the server has changed since or the server cannot resume.

    Args:
        url: http or https; proxies are those of the environment.
        target: a file in an existing folder.
        progress: called with bytes done and total, where the server tells the total.
        pause: seconds before the second attempt in a row to receive something; doubled before each further.

    Raises:
        DataError: it cannot be had, or cannot be written; it says how to place the file by hand.
    """
    part = target.with_name(target.name + ".part")
    fruitless = 0
    with _pool(url) as http:
        while True:
            before = _size(part)
            try:
                if _continue(http, url, part, progress):
                    part.replace(target)
                    _note(part).unlink(missing_ok=True)
                    return
                why = "it changes while it is being downloaded"
            except (_Refused, LocationValueError) as problem:
                raise _failed(url, target, str(problem)) from None
            except HTTPError as problem:
                why = _reason(problem)
            except OSError as problem:
                raise refused(
                    problem, "cannot be downloaded: the disk refuses it", url, _by_hand(target)
                ) from None
            fruitless = 0 if _size(part) > before else fruitless + 1
            if fruitless >= ATTEMPTS:
                raise _failed(url, target, why)
            time.sleep(pause * 2**fruitless)


def _pool(url: str) -> urllib3.PoolManager:
    address = urlsplit(url)
    proxy = getproxies().get(address.scheme)
    retries = urllib3.Retry(0, redirect=5)
    if proxy and not proxy_bypass(address.hostname or ""):
        return urllib3.ProxyManager(proxy, retries=retries, timeout=TIMEOUT)
    return urllib3.PoolManager(retries=retries, timeout=TIMEOUT)


def _continue(http: urllib3.PoolManager, url: str, part: Path, progress: Progress) -> bool:
    """Ask for what is missing and append it; False if what there was does not belong to it and is gone."""
    known = _known(part, url)
    done = _size(part) if known else 0
    if known and known.size == done:
        return True
    response = http.request("GET", url, headers=_resume_headers(known, done), preload_content=False)
    try:
        if response.status == 416:  # It has become shorter than what there is of it.
            part.unlink(missing_ok=True)
            return False
        version, start = _answered(url, response)
        if not start:
            part.unlink(missing_ok=True)  # Before the note: old bytes must never lie beside a new note.
            _note(part).write_text(json.dumps(asdict(version)))
        elif start != done or version != known:
            part.unlink()
            return False
        with part.open("ab") as file:
            for chunk in response.stream(CHUNK, decode_content=False):
                file.write(chunk)
                if version.size:
                    progress(file.tell(), version.size)
            if version.size not in (None, file.tell()):
                raise HTTPError(f"{file.tell()} bytes came of {version.size}")
    finally:
        response.close()
    return True


def _resume_headers(known: _Version | None, done: int) -> Mapping[str, str]:
    """If-Range makes a server send the whole file if it has changed; only a strong tag or a date will do."""
    if not known or not done:
        return {"Accept-Encoding": "identity"}
    strong = known.etag if known.etag and not known.etag.startswith("W/") else known.modified
    condition = {"If-Range": strong} if strong else {}
    return {"Accept-Encoding": "identity", "Range": f"bytes={done}-", **condition}


def _answered(url: str, response: BaseHTTPResponse) -> tuple[_Version, int]:
    """Which version of the file the server sends, and from which byte on."""
    headers = response.headers
    start, size = 0, None
    if response.status == 206 and (span := SPAN.fullmatch(headers.get("Content-Range", ""))):
        start, size = int(span[1]), int(span[3])
    elif response.status == 200:
        size = int(headers["Content-Length"]) if headers.get("Content-Length", "").isdigit() else None
    else:
        kind = HTTPError if response.status >= 500 else _Refused
        raise kind(f"the server answered {response.status} {response.reason}")
    return _Version(url, size, headers.get("ETag", ""), headers.get("Last-Modified", "")), start


def _known(part: Path, url: str) -> _Version | None:
    """What the server said of the file that part is the beginning of, if it is still the same address."""
    try:
        version = _Version(**json.loads(_note(part).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return version if part.exists() and version.url == url and version.size is not None else None


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _note(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _reason(problem: HTTPError) -> str:
    cause = getattr(problem, "reason", None) or problem
    return re.sub(r"^<[^>]*>: |^[\w.]+\(.*\): ", "", str(cause))


def _failed(url: str, target: Path, why: str) -> DataError:
    return DataError(
        f"cannot be downloaded: {why}",
        where=url,
        fix=_by_hand(target),
    )


def _by_hand(target: Path) -> str:
    return (
        f"Run the command again to go on, or download it by other means, save it as {target}, "
        "and run the command again"
    )
