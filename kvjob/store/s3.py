"""A bucket, or a folder of one, as a store."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kvjob.errors import ConfigurationError
from kvjob.store.base import CleanableStore, Entry, KeyMissing, Prepared, Unfinished
from kvjob.store.files import disk_errors, replacing
from kvjob.store.keys import check_key, check_prefix, is_key
from kvjob.store.s3_client import S3Access, endpoint, make_client
from kvjob.store.s3_conditional import NO_UPLOAD, abort, begin, begun, complete, create, uploads
from kvjob.store.s3_errors import FAILURES, error_code, store_error
from kvjob.store.s3_read import TRANSFER, download, head_of, read_whole

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_DELETED_AT_ONCE = 1000
"""Most keys of one request."""
_MISSING = ("NoSuchKey", "NoSuchUpload")


class S3Store(CleanableStore):
    """Objects of a bucket on AWS or any other S3 server; s3_client says how it is found and asked.

    May be shared by threads, pickled, and used on both sides of a fork: each process makes a client of its
    own when it first needs one.

    Args:
        bucket: its name; the bucket must exist.
        prefix: folder inside the bucket, without `/` at either end; empty for the whole bucket.
        access: the server and its credentials, if not those of the AWS variables or profile.
    """

    def __init__(self, bucket: str, prefix: str = "", access: S3Access | None = None) -> None:
        if not _BUCKET.fullmatch(bucket):
            raise ConfigurationError(
                "no name of a bucket after s3://",
                where="store",
                fix="Write s3://BUCKET or s3://BUCKET/PREFIX with 3 to 63 lower-case letters, digits, dots "
                "and dashes in BUCKET; endpoint and credentials come from the AWS variables",
            )
        if prefix:
            check_key(prefix)
        self._bucket, self._access = bucket, access
        self._prefix = f"{prefix}/" if prefix else ""
        self._clients: dict[int, S3Client] = {}
        self._making: dict[int, Lock] = {}

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_clients": {}, "_making": {}}

    @property
    def url(self) -> str:
        """`s3://bucket/prefix`."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def read(self, key: str) -> bytes:
        """All bytes under key, asked for again if the answer breaks off; KeyMissing if there are none."""
        name = self._name(key)
        with self._asking(key) as client:
            return read_whole(client, self._bucket, name)

    def write(self, key: str, data: bytes) -> None:
        """Put data under key in one request."""
        name = self._name(key)
        with self._asking(key) as client:
            client.put_object(Bucket=self._bucket, Key=name, Body=data)

    def create(self, key: str, data: bytes) -> bool:
        """Put data under key unless something is there (a conditional write)."""
        name = self._name(key)
        with self._asking(key) as client:
            return create(client, self._bucket, name, data)

    def prepare(self, key: str, data: bytes) -> Prepared:
        """Begin a multipart upload of one part, which a commit completes."""
        name = self._name(key)
        with self._asking(key) as client:
            upload, tag = begin(client, self._bucket, name, data)
        return _Begun(self, key, data, upload, tag)

    def revoke(self, key: str) -> None:
        """Abort the multipart uploads that wait to become the object under key."""
        name = self._name(key)
        with self._asking(key) as client:
            for upload in begun(client, self._bucket, name):
                abort(client, self._bucket, name, upload)

    def _complete(self, key: str, data: bytes, upload: str, tag: str) -> bool:
        name = self._name(key)
        with self._asking(key) as client:
            try:
                complete(client, self._bucket, name, upload, tag)
            except ClientError as error:
                # The answer to a first request that succeeded may have been lost; and not every server that
                # has lost an upload says so in S3's word.
                with suppress(KeyMissing):
                    if self.read(key) == data:
                        return True
                if error_code(error) != NO_UPLOAD and upload in begun(client, self._bucket, name):
                    raise
                return False
        return True

    def _abort(self, key: str, upload: str) -> None:
        with self._asking(key) as client:
            abort(client, self._bucket, self._name(key), upload)

    def upload(self, key: str, path: Path) -> None:
        """Put a file's bytes under key, in several parts if it is large."""
        name = self._name(key)
        with self._asking(key) as client, disk_errors(path):
            client.upload_file(str(path), self._bucket, name, Config=TRANSFER)

    def fetch(self, key: str, folder: Path) -> Path:
        """The file folder/key, downloaded unless it has the object's size; KeyMissing if there is none."""
        name = self._name(key)
        target = folder / key
        with self._asking(key) as client:
            head = head_of(client, self._bucket, name)
            with disk_errors(target, need=head.size):
                if target.is_file() and target.stat().st_size == head.size:
                    return target
                with replacing(target) as file:
                    if head.size:  # else nothing is to be asked for; SeaweedFS 4 then denies it now and then
                        download(client, self._bucket, name, head, file)
        return target

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Every object whose key begins with prefix, ordered by key; all pages are read at once."""
        check_prefix(prefix)
        with self._asking(prefix) as client:
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            entries = [
                Entry(item["Key"].removeprefix(self._prefix), item["Size"], item["LastModified"])
                for page in pages
                for item in page.get("Contents", ())
            ]
        # Servers that keep folders list `a/b` before `a-b`.
        return iter(sorted((entry for entry in entries if is_key(entry.key)), key=lambda entry: entry.key))

    def delete(self, key: str) -> None:
        """Remove the object under key; nothing happens if there is none."""
        name = self._name(key)
        with suppress(KeyMissing), self._asking(key) as client:
            client.delete_object(Bucket=self._bucket, Key=name)

    def unfinished(self) -> Iterator[Unfinished]:
        """Uploads in parts that were begun and neither completed nor given up.

        MinIO names none, and gives them up itself after a day.
        """
        with self._asking("") as client:
            found = uploads(client, self._bucket, self._prefix)
        for name, number, since in sorted(
            (each["Key"], each["UploadId"], each["Initiated"]) for each in found
        ):
            key = name.removeprefix(self._prefix)
            with suppress(KeyMissing), self._asking(key) as client:
                answers = client.get_paginator("list_parts").paginate(
                    Bucket=self._bucket, Key=name, UploadId=number
                )
                parts = [part for page in answers for part in page.get("Parts", ())]
                modified = max((since, *(part["LastModified"] for part in parts)))
                yield Unfinished(key, sum(part["Size"] for part in parts), modified, number)

    def discard(self, unfinished: Unfinished) -> None:
        """Give the upload up; one that is still at work then fails as if the server had lost it."""
        name = self._prefix + unfinished.key
        with suppress(KeyMissing), self._asking(unfinished.key) as client:
            client.abort_multipart_upload(Bucket=self._bucket, Key=name, UploadId=unfinished.upload)

    def delete_all(self, keys: Iterable[str]) -> None:
        """Remove the objects, a thousand with one request."""
        names = [self._name(key) for key in keys]
        for start in range(0, len(names), _DELETED_AT_ONCE):
            some = names[start : start + _DELETED_AT_ONCE]
            objects: list[ObjectIdentifierTypeDef] = [{"Key": name} for name in some]
            with self._asking(some[0].removeprefix(self._prefix)) as client:
                answer = client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
                )
            for error in answer.get("Errors", ()):
                with suppress(KeyMissing), self._asking(error["Key"].removeprefix(self._prefix)):
                    raise ClientError({"Error": error}, "DeleteObjects")

    def _name(self, key: str) -> str:
        check_key(key, self._prefix)
        return self._prefix + key

    @contextmanager
    def _asking(self, key: str) -> "Iterator[S3Client]":
        """A client whose failures are explained as those of a request about key."""
        where = f"{self.url}/{key}"
        try:
            client = self._client()
            where += f" at {(self._access and self._access.known_as) or endpoint(client)}"
            yield client
        except FAILURES as error:
            if isinstance(error, ClientError) and error_code(error) in _MISSING:
                raise KeyMissing(key) from None
            raise store_error(error, where) from error

    def _client(self) -> "S3Client":
        # By process: a fork would share the connections, and a lock that a thread of the parent held.
        process = os.getpid()
        with self._making.setdefault(process, Lock()):
            if process not in self._clients:
                self._clients[process] = make_client(self._access)
            return self._clients[process]


@dataclass(frozen=True, slots=True)
class _Begun(Prepared):
    """A multipart upload: the server lets it be either completed or aborted, not both."""

    store: S3Store
    key: str
    data: bytes
    upload: str
    tag: str

    def commit(self) -> bool:
        return self.store._complete(self.key, self.data, self.upload, self.tag)

    def discard(self) -> None:
        self.store._abort(self.key, self.upload)
