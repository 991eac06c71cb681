"""From the address a user gives to the store behind it."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from kvjob.errors import ConfigurationError
from kvjob.store.base import CleanableStore
from kvjob.store.directory import DirectoryStore

if TYPE_CHECKING:
    from kvjob.store.s3_client import S3Access

_ALLOWED = "Give a folder (runs/, ~/study, file:///data/study) or a bucket (s3://BUCKET, s3://BUCKET/PREFIX)"


def open_store(url: str, access: "S3Access | None" = None) -> CleanableStore:
    """The store at a path, `file://` address or `s3://bucket/prefix`; nothing is read, written or connected.

    Args:
        url: the address.
        access: of a bucket, its server and credentials, if not those of the AWS variables or profile.

    Raises:
        ConfigurationError: the address is none of these.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return DirectoryStore(_folder(url))
    match scheme.lower():
        case "file":
            host, slash, path = rest.partition("/")
            if host not in ("", "localhost") or not slash:
                raise _refused("a file:// address names a host, not a path", "file://")
            return DirectoryStore(_folder(unquote(f"/{path}")))
        case "s3":
            # boto3 takes 0.3 s to import, and most commands on a folder never need it.
            from kvjob.store.s3 import S3Store

            bucket, _, prefix = rest.partition("/")
            return S3Store(bucket, prefix.removesuffix("/"), access)
        case _:
            raise _refused("no kind of store", f"{scheme}://")


def _folder(path: str) -> Path:
    if not path.strip() or "\0" in path:
        raise _refused("not a path", repr(path))
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise _refused("there is no such user", path.partition("/")[0]) from None


def _refused(what: str, where: str) -> ConfigurationError:
    return ConfigurationError(what, where=f"store {where}", fix=_ALLOWED)
