"""The way to a cluster's API server: a kubeconfig, or the service account of the pod that asks."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config

from kvjob.cluster.refusal import FAILURES, ClusterError, refusal

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
"""Longest waits for a connection, and for the API server's next bytes."""

Object = dict[str, Any]
"""An object as the API server writes it in JSON: absent fields are absent."""


@dataclass(frozen=True)
class Cluster:
    """An API server and the credentials to ask it with. Any thread may ask."""

    configuration: client.Configuration
    where: str
    """What errors call it: `cluster https://host (context name)`."""
    inside: bool
    """Whether this process is one of its pods, so that the names of its Services resolve."""

    def ask(self, doing: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Object:
        """The answer of one method of the Kubernetes client, as plain JSON.

        Args:
            doing: what is asked, for errors, as `list pods in namespace kvjob`.
            method: of an API class made with `client`.
            args: of the method.
            kwargs: of the method.

        Raises:
            Unreachable: there is no answer.
            NotAllowed: these credentials may not.
            Absent: there is no such object.
            ClusterError: any other refusal.
        """
        timeout = (CONNECT_SECONDS, ANSWER_SECONDS)
        try:
            answer = method(*args, **kwargs, _preload_content=False, _request_timeout=timeout)
            found = json.loads(answer.data)
        except FAILURES as error:
            raise refusal(error, doing, self.where) from error
        except ValueError:
            raise ClusterError(
                f"cannot {doing}: the answer is not JSON",
                where=self.where,
                fix="Check that the kubeconfig's address is that of an API server",
            ) from None
        return found if isinstance(found, dict) else {}

    @cached_property
    def shared(self) -> client.ApiClient:
        """The client that all calls of `ask` share."""
        return self.new_client()

    def new_client(self) -> client.ApiClient:
        """A client of one's own: opening a stream changes a client for a moment."""
        return client.ApiClient(self.configuration)

    @cached_property
    def core(self) -> client.CoreV1Api:
        """Pods, Services, ConfigMaps, Secrets, Nodes, quotas."""
        return client.CoreV1Api(self.shared)

    @cached_property
    def custom(self) -> client.CustomObjectsApi:
        """Argo's objects."""
        return client.CustomObjectsApi(self.shared)


def connect(context: str | None = None) -> Cluster:
    """The cluster of the kubeconfig, or the one that this process runs in; nothing is asked yet.

    Args:
        context: of the kubeconfig (`KUBECONFIG`, else ~/.kube/config); its current one unless given.

    Raises:
        ClusterError: there is no kubeconfig, it is damaged, or it has no such context.
    """
    named = os.environ.get("KUBECONFIG", "")
    files = named or str(Path("~/.kube/config").expanduser())
    if any(Path(part).expanduser().exists() for part in files.split(os.pathsep) if part):
        return _from_files(files, context)
    if named or context or "KUBERNETES_SERVICE_HOST" not in os.environ:
        raise ClusterError(
            "no such file",
            where=f"kubeconfig {files}",
            fix="Set KUBECONFIG to the cluster's kubeconfig",
        )
    return _from_service_account()


def _from_files(files: str, context: str | None) -> Cluster:
    where = f"kubeconfig {files}"
    configuration = _blank()
    try:
        config.load_kube_config(  # type: ignore[no-untyped-call]
            files, context, configuration, persist_config=False
        )
    except config.ConfigException as error:
        raise ClusterError(
            str(error).rstrip("."), where=where, fix="Choose a context that it has, or correct it"
        ) from None
    except (OSError, yaml.YAMLError, LookupError, TypeError, AttributeError, ValueError) as error:
        raise ClusterError(
            f"cannot be read ({' '.join(str(error).split())})",
            where=where,
            fix="Correct it, or have it written anew",
        ) from None
    told = f" (context {context})" if context else ""
    return Cluster(configuration, f"cluster {configuration.host}{told}", inside=False)


def _from_service_account() -> Cluster:
    configuration = _blank()
    try:
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except (config.ConfigException, OSError) as error:
        raise ClusterError(
            f"no service account to ask the cluster with ({str(error).rstrip('.')})",
            where="this pod",
            fix="Give the pod a service account whose token is mounted, or set KUBECONFIG",
        ) from None
    return Cluster(configuration, f"cluster {configuration.host}", inside=True)


def _blank() -> client.Configuration:
    """A configuration that owes nothing to one which other code may have set as the default."""
    configuration = client.Configuration()
    configuration.retries = 0  # urllib3 announces each on standard error
    return configuration
