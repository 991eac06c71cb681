"""`kvjob preflight`: what would keep a study from running on a cluster, before it is submitted."""

import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from kvjob.cli.options import OnlyOption, PresetOption, SeedsOption, SetOption, base_fields
from kvjob.cli.place import ContextOption, NamespaceOption
from kvjob.cli.progress import bar
from kvjob.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from kvjob.cluster.preflight import Finding
    from kvjob.study import TrainConfig

SIGNS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failure": ("✗", "bold red")}


def preflight(
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="[STUDY]", help="paper, all-experiments, or a YAML file: for its largest run."
        ),
    ] = None,
    namespace: NamespaceOption = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also check this data set: a folder or its zip.")
    ] = None,
    preset: PresetOption = None,
    seeds: SeedsOption = None,
    only: OnlyOption = None,
    settings: SetOption = None,
    store_only: Annotated[
        bool,
        typer.Option("--store-only", help="Look only at the store of KVJOB_STORE and the AWS variables."),
    ] = False,
    context: ContextOption = None,
) -> None:
    """Look for what would keep a study from running on a cluster; nothing there is changed.

    Ends with 0, or with the exit code of what was found: 78 the cluster, 65 the data set, 74 the store.
    """
    from kvjob.cluster.memory import KVASIR_IMAGES
    from kvjob.cluster.preflight import exit_code

    if store_only:
        findings = _store_of_environment()
    elif namespace is None:
        raise ConfigurationError(
            "not said where the study is to run",
            where="-n",
            fix="Give the namespace that kvjob's chart is in",
        )
    else:
        configs = _configs(study, preset, seeds, only, settings)
        images, findings = _data(data) if data else (KVASIR_IMAGES, [])
        findings += _cluster(namespace, context, configs, images)
    _show(findings)
    raise typer.Exit(int(exit_code(findings)))


def _store_of_environment() -> "list[Finding]":
    from kvjob.cluster.preflight import check_store
    from kvjob.store import open_store

    url = os.environ.get("KVJOB_STORE")
    if not url:
        raise ConfigurationError("is not set", where="KVJOB_STORE", fix="Set it to s3://BUCKET/PREFIX")
    return check_store(nullcontext(open_store(url)))


def _cluster(
    namespace: str, context: str | None, configs: "Sequence[TrainConfig]", images: int
) -> "list[Finding]":
    from kvjob.cluster.connect import connect
    from kvjob.cluster.namespace_store import open_namespace_store
    from kvjob.cluster.preflight import check_cluster, check_store

    cluster = connect(context)
    return [
        *check_cluster(cluster, namespace, configs, images, by_hand=True),
        *check_store(open_namespace_store(namespace, cluster)),
    ]


def _configs(
    study: str | None,
    preset: str | None,
    seeds: int | None,
    only: list[str] | None,
    settings: list[str] | None,
) -> "Sequence[TrainConfig]":
    from kvjob.experiments import load_study
    from kvjob.study import configurations

    if study is None:
        given = {"--preset": preset, "--seeds": seeds, "--only": only, "--set": settings}
        for name, value in given.items():
            if value:
                raise ConfigurationError(
                    "changes a study, and none is named", where=name, fix="Name the study"
                )
        return []
    wanted = load_study(study, preset=preset, seeds=seeds, only=only, base=base_fields(settings))
    return configurations(wanted)


def _data(folder: Path) -> "tuple[int, list[Finding]]":
    """Number of images, and whether the data set is whole."""
    from kvjob.cluster.memory import KVASIR_IMAGES
    from kvjob.cluster.preflight.finding import of_error, ok
    from kvjob.data import check, open_source, require

    try:
        with open_source(folder) as source:
            images = len(source.train) + len(source.test)
            with bar("Checking images") as progress:
                require(check(source, progress), str(folder))
    except DataError as error:
        return KVASIR_IMAGES, [of_error(error)]
    return images, [ok(f"{images} images, whole", f"data {folder}")]


def _show(findings: "Sequence[Finding]") -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        if not console.is_terminal:
            typer.echo(str(finding))
            continue
        sign, style = SIGNS[finding.level]
        line = Text.assemble((f"{sign} ", style), (f"{finding.where}: ", "bold"), finding.what)
        console.print(line.append(f"\n  → {finding.fix}", "dim") if finding.fix else line)
