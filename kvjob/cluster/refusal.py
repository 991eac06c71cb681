"""What an API server's refusals mean and what to do about them."""

import json

import urllib3
from kubernetes.client.exceptions import ApiException

from kvjob.errors import ConfigurationError


class ClusterError(ConfigurationError):
    """The cluster cannot be asked, or refuses."""


class Unreachable(ClusterError):  # noqa: N818  (an event, not a defect)
    """No answer; another look may get one."""


class Absent(ClusterError):  # noqa: N818  (an answer, not a defect)
    """There is no object of that name, or no such kind of object."""


class NotAllowed(ClusterError):  # noqa: N818  (an answer, not a defect)
    """These credentials may not do that."""


FAILURES = (ApiException, urllib3.exceptions.HTTPError, OSError)
"""What the Kubernetes client raises when a request fails."""

REACH = "Check that the cluster is up, the network or VPN, and the address in the kubeconfig"
_LOG_IN = "Log in to the cluster again, so that the kubeconfig has credentials that are valid now"


def refusal(error: Exception, doing: str, where: str) -> ClusterError:
    """The same failure in words.

    Args:
        error: one of FAILURES.
        doing: what was asked, as `list pods in namespace kvjob`.
        where: the cluster.
    """
    if isinstance(error, ApiException) and error.status:
        return _answer(error, doing, where)
    return Unreachable(f"does not answer ({_cause(error)})", where=where, fix=REACH)


def _answer(error: ApiException, doing: str, where: str) -> ClusterError:
    said = message(error)
    match error.status:
        case 401:
            return ClusterError("the credentials are not valid, or have expired", where=where, fix=_LOG_IN)
        case 403:
            return NotAllowed(
                f"not allowed to {doing} ({said})",
                where=where,
                fix="Use an account that may, or ask the cluster's administrator for that right",
            )
        case 404:
            return Absent(f"cannot {doing}: {said}", where=where, fix="Check the name and the namespace")
        case _:
            return ClusterError(
                f"cannot {doing}: the API server answered {error.status}: {said}",
                where=where,
                fix="Try again later; the API server's log tells more",
            )


def message(error: ApiException) -> str:
    """What the API server said, without a full stop."""
    try:
        said = str(json.loads(error.body or "")["message"])
    except (ValueError, TypeError, KeyError):
        said = str(error.reason)
    return " ".join(said.split()).rstrip(".")


def _cause(error: Exception) -> str:
    """The innermost reason; urllib3 wraps it several times and repeats the request's address."""
    reason = getattr(error, "reason", None) or error
    match reason:
        case urllib3.exceptions.NameResolutionError():
            return "its name cannot be resolved"
        case urllib3.exceptions.NewConnectionError():
            return str(reason.__cause__ or reason).rpartition("] ")[2].lower()
        case urllib3.exceptions.ConnectTimeoutError():
            return "no connection in time"
        case urllib3.exceptions.ReadTimeoutError():
            return "no answer in time"
        case urllib3.exceptions.SSLError():
            return f"its certificate is not accepted: {reason}".rstrip(".")
    return str(reason).rstrip(".")
