"""What the failures of S3 mean and what to do about them, without ever showing a credential."""

from http import HTTPStatus

from boto3.exceptions import S3UploadFailedError
from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError

from kvjob.errors import CredentialsError, DiskFullError, StoreAwayError, StoreError

_WRAPPERS = (S3UploadFailedError, S3DownloadFailedError, RetriesExceededError)
FAILURES = (ClientError, BotoCoreError, *_WRAPPERS)
"""Everything that boto3 raises when a request fails."""

BROKEN_BODIES = (boto.IncompleteReadError, boto.ReadTimeoutError, boto.ResponseStreamingError)
"""What reading an answer's body raises when it breaks off."""

_CREDENTIALS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, to those of this server"
_RENEW = (
    "Renew the credentials (on a cluster: the Secret of the store), or unset AWS_SESSION_TOKEN if this "
    "server needs none"
)
_RIGHTS = (
    "Check that the credentials belong to this server and allow s3:ListBucket on the bucket, and "
    "s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on its objects, and "
    "s3:ListBucketMultipartUploads on the bucket"
)
_REGION = "Set AWS_DEFAULT_REGION to the bucket's region"
_SPACE = "Free some space on the server, or raise the quota"
_LATER = "Try again later; the server's log tells more"

_ANSWERS = {
    "InvalidAccessKeyId": ("the server does not know this access key", _CREDENTIALS),
    "SignatureDoesNotMatch": ("the secret key is not that of this access key", _CREDENTIALS),
    "AccessDenied": ("access denied", _RIGHTS),
    "403": ("access denied", _RIGHTS),
    "ExpiredToken": ("the session token has expired", _RENEW),
    "ExpiredTokenException": ("the session token has expired", _RENEW),
    "TokenRefreshRequired": ("the session token has expired", _RENEW),
    "RequestExpired": ("the session token has expired", _RENEW),
    "InvalidToken": ("the session token is not valid", _RENEW),
    "RequestTimeTooSkewed": ("this machine's clock differs from the server's", "Set the clock (NTP)"),
    "NoSuchBucket": ("no such bucket", "Create the bucket, or correct the url or AWS_ENDPOINT_URL"),
    "404": ("no such bucket", "Create the bucket, or correct the url or AWS_ENDPOINT_URL"),
    "PermanentRedirect": ("the bucket is in another region", _REGION),
    "AuthorizationHeaderMalformed": ("the bucket is in another region", _REGION),
    "301": ("the bucket is in another region", _REGION),
    "PreconditionFailed": ("the object was replaced while it was read", "Try again"),
    "NotImplemented": (
        "the server knows no conditional writes, without which two trainers of one run cannot be told apart",
        "Use a server that does: AWS, MinIO, SeaweedFS, or a folder",
    ),
    "XMinioStorageFull": ("the server's disk is full", _SPACE),
    "507": ("the server's disk is full", _SPACE),
    "QuotaExceeded": ("the quota is used up", _SPACE),
}

_SIGN_ON = "Run `aws sso login`"
_PROXY = "Check HTTPS_PROXY, HTTP_PROXY, NO_PROXY"
_REACH = "Check AWS_ENDPOINT_URL, that the server runs, and the network"
_LOCAL: tuple[tuple[type[BotoCoreError], str, str], ...] = (
    (boto.NoCredentialsError, "no credentials found", _CREDENTIALS),
    (boto.PartialCredentialsError, "the credentials are incomplete", _CREDENTIALS),
    (boto.CredentialRetrievalError, "the credentials could not be had", _CREDENTIALS),
    (boto.UnauthorizedSSOTokenError, "the single sign-on has expired", _SIGN_ON),
    (boto.SSOError, "the single sign-on failed", _SIGN_ON),
    (boto.TokenRetrievalError, "the single sign-on failed", _SIGN_ON),
    (boto.SSLError, "the server's certificate is not trusted", "Set AWS_CA_BUNDLE to its authority's file"),
    (boto.ProxyConnectionError, "the proxy could not be reached", _PROXY),
    (boto.ConnectTimeoutError, "the server did not answer in time", _REACH),
    (boto.ReadTimeoutError, "the server did not answer in time", _REACH),
    (boto.EndpointConnectionError, "the server could not be reached", _REACH),
    (boto.ConnectionError, "the connection broke", _REACH),
    (boto.IncompleteReadError, "the connection broke", _REACH),
    (boto.ResponseStreamingError, "the connection broke", _REACH),
    (boto.HTTPClientError, "the connection broke", _REACH),
)

_KINDS: dict[str, type[StoreError]] = {
    **dict.fromkeys((_CREDENTIALS, _RENEW, _RIGHTS, _SIGN_ON), CredentialsError),
    **dict.fromkeys((_REACH, _PROXY), StoreAwayError),
    _SPACE: DiskFullError,
}
"""What must be done tells what kind of failure it is; any other is no more than a StoreError."""


def error_code(error: ClientError) -> str:
    """S3's name for what went wrong, or the HTTP status where an answer has no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_broken_answer(error: Exception) -> bool:
    """Whether it is a failure of which the server told more, but what it told broke off on the way."""
    if not isinstance(error, ClientError) or error.operation_name.startswith("Head"):
        return False
    announced = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("content-type", "")
    return "xml" in announced and error_code(error).isdigit()


def store_error(error: Exception, where: str) -> StoreError:
    """The same failure in words; where names the object and the server."""
    if isinstance(error, _WRAPPERS):  # a transfer that gave up, because of what a user can do something about
        cause = error.last_exception if isinstance(error, RetriesExceededError) else error.__context__
        error = cause if isinstance(cause, Exception) else error
    if is_broken_answer(error):
        return StoreAwayError("the connection broke", where=where, fix=_REACH)
    what, fix = _answer(error) if isinstance(error, ClientError) else _local(error)
    kind = StoreAwayError if _is_overloaded(error) else _KINDS.get(fix, StoreError)
    return kind(what, where=where, fix=fix)


def _is_overloaded(error: Exception) -> bool:
    """Whether it is the server that failed, or that asks to be left alone for a while."""
    if not isinstance(error, ClientError) or error_code(error) in _ANSWERS:
        return False
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS


def _answer(error: ClientError) -> tuple[str, str]:
    code = error_code(error)
    detail = error.response.get("Error", {}).get("Message", "").rstrip(".")
    return _ANSWERS.get(code, (f"the server answered {code}: {detail}", _LATER))


def _local(error: Exception) -> tuple[str, str]:
    for kind, what, fix in _LOCAL:
        if isinstance(error, kind):
            return what, fix
    return str(error).rstrip("."), "Check the AWS variables and the profile"
