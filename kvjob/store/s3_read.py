"""Reading an object although answers break off."""

from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.exceptions import ClientError, ResponseStreamingError
from s3transfer.subscribers import BaseSubscriber

from kvjob.store.s3_errors import BROKEN_BODIES, error_code, is_broken_answer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ATTEMPTS = 3

TRANSFER = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20, max_concurrency=4)
"""Files from 8 MiB on travel in parts, four at a time."""

_FIELDS = {"ContentLength", "ETag"}


def read_whole(client: "S3Client", bucket: str, name: str) -> bytes:
    """All bytes of an object, asked for again if the answer breaks off, as boto3 only does with requests.

    An answer that there is none must be whole too: cut off, it tells no more than 404, which would be a
    missing bucket.
    """
    for left in reversed(range(ATTEMPTS)):
        try:
            answer = client.get_object(Bucket=bucket, Key=name)
        except ClientError as error:
            if left and is_broken_answer(error):
                continue
            raise
        try:
            return answer["Body"].read()
        except BROKEN_BODIES:
            if not left:
                raise
    raise AssertionError("the last attempt returns or raises")


class Head(NamedTuple):
    """What is known of an object before it is downloaded."""

    size: int
    """Bytes."""
    tag: str
    """Changes when the object is replaced."""


def head_of(client: "S3Client", bucket: str, name: str) -> Head:
    """Ask for the head of an object."""
    try:
        answer: Any = client.head_object(Bucket=bucket, Key=name)
    except ClientError as error:
        if not error_code(error).isdigit():
            raise
        answer = {}
    if not answer.keys() >= _FIELDS:
        # The answer to a HEAD has no body to tell a missing key from a missing bucket; a GET's has. Nor does
        # an answer that broke off have all of its lines.
        answer = client.get_object(Bucket=bucket, Key=name)
        answer["Body"].close()
    if not answer.keys() >= _FIELDS:
        raise ResponseStreamingError(error="its head broke off")
    return Head(answer["ContentLength"], answer["ETag"])


def download(client: "S3Client", bucket: str, name: str, head: Head, file: BinaryIO) -> None:
    """Write an object into a file, in several parts if it is large, and never parts of two objects."""
    with create_transfer_manager(client, TRANSFER) as manager:
        manager.download(bucket, name, file, subscribers=[_Known(head)]).result()


class _Known(BaseSubscriber):
    """Tells a download the head, which it would ask for once more."""

    def __init__(self, head: Head) -> None:
        self._head = head

    def on_queued(self, future: Any, **_: Any) -> None:
        future.meta.provide_transfer_size(self._head.size)
        future.meta.provide_object_etag(self._head.tag)
