"""How an S3 server is found and asked: the AWS variables and profiles, with a few firm choices on top."""

import os
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore import exceptions as boto
from botocore.config import Config
from botocore.loaders import Loader, create_loader
from botocore.utils import parse_timestamp

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
_NO_PROFILE = {"profile": (None, None, None, None)}
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn")


@dataclass(frozen=True, slots=True)
class S3Access:
    """Where a server is and how to be let in, instead of what this machine's AWS variables say."""

    endpoint: str | None
    """`http://HOST:PORT`; None is AWS itself."""
    region: str
    access_key: str | None = None
    """None for the credentials of this machine."""
    secret_key: str | None = field(default=None, repr=False)
    known_as: str = ""
    """What errors call the server, if its endpoint is a port of this machine that leads to it."""


def make_client(access: S3Access | None = None) -> "S3Client":
    """A client for the endpoint, region and credentials of AWS_* variables and the AWS profile.

    Args:
        access: takes the place of these three; the other AWS variables hold as ever.

    Raises:
        ConfigurationError: one of them has a value that cannot be, or the profile is missing.
        botocore.exceptions.BotoCoreError: the credentials that they name cannot be had.
    """
    core = botocore.session.Session(session_vars=_NO_PROFILE if access and access.access_key else None)
    try:
        core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
        parsers = core.get_component("response_parser_factory")
        parsers.set_parser_defaults(timestamp_parser=_time)
        session = boto3.Session(botocore_session=core)
        given = _given(access) if access else {"region_name": _region(session)}
        config = _config(core).merge(_past_proxies(access))
        client = session.client("s3", **given, config=config.merge(_other_than_aws(core)))
        if (urlsplit(client.meta.endpoint_url).hostname or "").endswith(_AWS_DOMAINS):
            client = session.client("s3", **given, config=config)
    except _MISTAKES as error:
        raise ConfigurationError(
            without_passwords(str(error)).rstrip("."),
            where="the AWS variables or profile",
            fix="Correct AWS_ENDPOINT_URL (http://HOST:PORT), AWS_MAX_ATTEMPTS (1 or more), AWS_PROFILE "
            "or the profile itself",
        ) from error
    return client


def _region(session: boto3.Session) -> str:
    return session.region_name or os.environ.get("AWS_REGION") or "us-east-1"


def _given(access: S3Access) -> dict[str, Any]:
    return {
        "region_name": access.region,
        "endpoint_url": access.endpoint,
        "aws_access_key_id": access.access_key,
        "aws_secret_access_key": access.secret_key,
    }


def _past_proxies(access: S3Access | None) -> Config:
    """AWS_ENDPOINT_URL_* must not lead elsewhere what has a place, nor a proxy what is on this machine."""
    options: dict[str, Any] = {"ignore_configured_endpoint_urls": True} if access else {}
    if access and access.known_as:
        options["proxies"] = {}
    return Config(**options)


def _time(text: Any) -> datetime:
    """A time of an answer; boto3's own way, which guesses the form, is two thirds of what a listing costs."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):  # seconds, or the form of a header
        return parse_timestamp(text)


@cache
def _loader(data_path: str | None) -> Loader:
    """The descriptions of AWS's services, read once: they take several times as long as all the rest."""
    return create_loader(data_path)


def without_passwords(text: str) -> str:
    """Text in which no address has a user name or password, which its user may have put there."""
    return re.sub(r"[^\s\"'/]*@", "", re.sub(r"//\S*@", "//", text))


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
