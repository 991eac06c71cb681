"""How an S3 server is found and asked: the AWS variables and profiles, with a few firm choices on top."""

import os
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore import exceptions as boto
from botocore.config import Config
from botocore.loaders import Loader, create_loader

from kvjob.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ATTEMPTS = 5
"""How often a request is tried in all, unless AWS_MAX_ATTEMPTS or the profile says otherwise."""
CONNECT_SECONDS = 5
"""Longest wait for a connection."""
READ_SECONDS = 60
"""Longest silence of a server within an answer."""
CONNECTIONS = 32
"""Most connections kept open by one process."""

_MISTAKES = (
    ValueError,
    boto.ProfileNotFound,
    boto.ConfigParseError,
    boto.InvalidRetryConfigurationError,
    boto.InvalidS3AddressingStyleError,
)
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn")


def make_client() -> "S3Client":
    """A client for the endpoint, region and credentials of AWS_* variables and the AWS profile.

    Raises:
        ConfigurationError: one of them has a value that cannot be, or the profile is missing.
        botocore.exceptions.BotoCoreError: the credentials that they name cannot be had.
    """
    core = botocore.session.Session()
    try:
        core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
        session = boto3.Session(botocore_session=core)
        region = session.region_name or os.environ.get("AWS_REGION") or "us-east-1"
        client = session.client("s3", region_name=region, config=_config(core).merge(_other_than_aws(core)))
        if (urlsplit(client.meta.endpoint_url).hostname or "").endswith(_AWS_DOMAINS):
            client = session.client("s3", region_name=region, config=_config(core))
    except _MISTAKES as error:
        raise ConfigurationError(
            str(error).rstrip("."),
            where="the AWS variables or profile",
            fix="Correct AWS_ENDPOINT_URL (http://HOST:PORT), AWS_MAX_ATTEMPTS (1 or more), AWS_PROFILE "
            "or the profile itself",
        ) from error
    return client


@cache
def _loader(data_path: str | None) -> Loader:
    """The descriptions of AWS's services, read once: they take several times as long as all the rest."""
    return create_loader(data_path)


def endpoint(client: "S3Client") -> str:
    """The address a client talks to, without a user name or password that may be part of it."""
    url = urlsplit(client.meta.endpoint_url)
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}"


def _config(core: botocore.session.Session) -> Config:
    attempts = core.get_config_variable("max_attempts")
    return Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS if attempts is None else attempts},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        tcp_keepalive=True,
        max_pool_connections=CONNECTIONS,
    )


def _other_than_aws(core: botocore.session.Session) -> Config:
    """Many servers have neither a name per bucket nor AWS's newer checksums."""
    s3 = core.get_scoped_config().get("s3")
    style = s3.get("addressing_style") if isinstance(s3, dict) else None
    return Config(
        s3={"addressing_style": style or "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
