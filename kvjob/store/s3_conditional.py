"""Writes of a bucket that happen only if nobody was there first, or nobody has forbidden them."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kvjob.store.s3_errors import error_code
from kvjob.store.s3_read import read_whole

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import MultipartUploadTypeDef

NO_UPLOAD = "NoSuchUpload"
"""What S3 answers about a multipart upload that was aborted, or completed."""

_TAKEN = ("PreconditionFailed", "412")
_BUSY = ("ConditionalRequestConflict", "409")
_TRIES = 10


def create(client: "S3Client", bucket: str, name: str, data: bytes) -> bool:
    """Put data under name unless an object is there."""
    for turn in range(_TRIES):
        try:
            client.put_object(Bucket=bucket, Key=name, Body=data, IfNoneMatch="*")
        except ClientError as error:
            if error_code(error) in _BUSY and turn + 1 < _TRIES:
                continue  # another one is being decided upon at this moment
            if error_code(error) not in _TAKEN:
                raise
            # The answer to a first request that succeeded may have been lost: then our own is there.
            return read_whole(client, bucket, name) == data
        return True
    return False


def begin(client: "S3Client", bucket: str, name: str, data: bytes) -> tuple[str, str]:
    """Upload data without making an object of it; the upload and the tag of its only part."""
    upload = client.create_multipart_upload(Bucket=bucket, Key=name)["UploadId"]
    part = client.upload_part(Bucket=bucket, Key=name, UploadId=upload, PartNumber=1, Body=data)
    return upload, part["ETag"]


def complete(client: "S3Client", bucket: str, name: str, upload: str, tag: str) -> None:
    """Make the object of an upload."""
    client.complete_multipart_upload(
        Bucket=bucket,
        Key=name,
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]},
    )


def begun(client: "S3Client", bucket: str, name: str) -> list[str]:
    """The uploads that wait to become the object name."""
    # The whole name as the prefix: MinIO lists uploads of exactly one name and knows no shorter prefix.
    return [item["UploadId"] for item in uploads(client, bucket, name) if item["Key"] == name]


def uploads(client: "S3Client", bucket: str, prefix: str) -> "list[MultipartUploadTypeDef]":
    """Uploads that were begun and neither completed nor aborted, of names that begin with prefix."""
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
    return [item for page in pages for item in page.get("Uploads", ())]


def abort(client: "S3Client", bucket: str, name: str, upload: str) -> None:
    """Make it impossible to complete an upload; nothing happens if it is gone."""
    try:
        client.abort_multipart_upload(Bucket=bucket, Key=name, UploadId=upload)
    except ClientError as error:
        if error_code(error) not in (NO_UPLOAD, "404"):
            raise
