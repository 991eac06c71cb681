"""Where a verb finds a study: in a store that is named, or in that of a cluster's namespace."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from kvjob.cli.options import STORE_HELP
from kvjob.errors import ConfigurationError

if TYPE_CHECKING:
    from kvjob.cluster.connect import Cluster
    from kvjob.store import CleanableStore

AnyStoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help=f"{STORE_HELP}; KVJOB_STORE unless given.",
    ),
]
NamespaceOption = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        "-n",
        metavar="NS",
        help="Namespace of a cluster that has kvjob's chart, and its store.",
    ),
]
ContextOption = Annotated[
    str | None, typer.Option("--context", metavar="NAME", help="Context of the kubeconfig; its current one.")
]


@contextmanager
def opened(
    store: str | None, namespace: str | None, context: str | None
) -> "Iterator[tuple[CleanableStore, Cluster | None]]":
    """The store that the options name, and the cluster if they name a namespace.

    Raises:
        ConfigurationError: they name two places or none, or the place is not as it must be.
    """
    from kvjob.store import open_store

    if namespace is None:
        if context is not None:
            raise ConfigurationError("needs a namespace", where="--context", fix="Give -n NS with it")
        url = store or os.environ.get("KVJOB_STORE")
        if not url:
            raise ConfigurationError(
                "not said where the study lies",
                where="--store",
                fix="Give --store URL, or -n NS for the store of a cluster's namespace",
            )
        yield open_store(url), None
        return
    if store is not None:
        raise ConfigurationError(
            f"names a store, and -n {namespace} another", where=f"--store {store}", fix="Give one of the two"
        )
    from kvjob.cluster.connect import connect
    from kvjob.cluster.namespace_store import open_namespace_store

    cluster = connect(context)
    with open_namespace_store(namespace, cluster) as place:
        yield place, cluster
