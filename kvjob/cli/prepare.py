"""`kvjob prepare`: the first step of a study on a cluster."""

import json
import shlex
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kvjob.cli.options import (
    DEFAULT_CACHE,
    CacheOption,
    OnlyOption,
    PresetOption,
    SetOption,
    StoreOption,
    StudyArgument,
    base_fields,
)
from kvjob.cli.progress import bar
from kvjob.errors import ConfigurationError

if TYPE_CHECKING:
    from kvjob.store import Store
    from kvjob.study import Study


def prepare(
    study: StudyArgument,
    store: StoreOption,
    data: Annotated[
        str,
        typer.Option(
            metavar="DATA",
            help="kvasir (downloaded), synthetic:IMAGES, store:KEY of a zip or folder there, or a path.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder that receives `study`, a name, and `runs.json`, what to train."
        ),
    ],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Name in the store, instead of the study's own.")
    ] = "",
    preset: PresetOption = None,
    seeds: Annotated[str, typer.Option(metavar="N", help="Replicates of every configuration.")] = "",
    only: OnlyOption = None,
    settings: SetOption = None,
    gpus: Annotated[
        int, typer.Option(metavar="N", help="GPUs of a train pod.", envvar="KVJOB_GPUS", min=0)
    ] = 0,
    namespace: Annotated[
        str, typer.Option(metavar="NS", help="Check first that pods of the study can run in this namespace.")
    ] = "",
    cache: CacheOption = DEFAULT_CACHE,
) -> None:
    """Bring and pack a study's data, write its plan, and list the runs that are to be trained.

    An empty option is one that was not given, and one that may be repeated takes several values separated by
    spaces: so a workflow can pass its parameters as they are.
    """
    from kvjob.cluster.items import train_items
    from kvjob.experiments import load_study
    from kvjob.prepare import obtain, prepare_study
    from kvjob.store import open_store

    _make_folder(out)
    place = open_store(store)
    wanted = load_study(
        study,
        preset=preset or None,
        seeds=_number(seeds),
        only=_words(only, "--only"),
        base=base_fields(_words(settings, "--set")),
        rename=name or None,
    )
    if namespace:
        _check_place(namespace, place, wanted)
    with bar("Bringing the data set") as progress:
        folder = obtain(data, place, cache / "source", progress)
    with bar("Preparing the data set") as progress:
        record = prepare_study(place, wanted, folder, progress)
    items = train_items(place, record, gpus)
    (out / "study").write_text(wanted.name)
    (out / "runs.json").write_text(json.dumps(items, separators=(",", ":")))
    typer.echo(f"{wanted.name}: {len(record.plan.runs)} runs, {len(items)} to train")


def _check_place(namespace: str, store: "Store", study: "Study") -> None:
    """Stop before anything is downloaded, and long before a GPU is taken, if the study cannot run here."""
    from kvjob.cluster.connect import connect
    from kvjob.cluster.memory import KVASIR_IMAGES
    from kvjob.cluster.preflight import check_cluster, check_store, require
    from kvjob.study import configurations

    # how many images there are is not known before they are brought
    findings = check_cluster(connect(None), namespace, configurations(study), KVASIR_IMAGES)
    findings += check_store(nullcontext(store))
    for finding in findings:
        if finding.level == "warning":
            typer.echo(str(finding), err=True)
    require(findings, f"namespace {namespace}")


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            error.strerror or "cannot be made", where=str(out), fix="Give a folder that can be written"
        ) from None


def _number(text: str) -> int | None:
    if not text.strip():
        return None
    try:
        return int(text)
    except ValueError:
        raise ConfigurationError(
            f"{text!r} is not a number", where="--seeds", fix="Give how often each configuration is trained"
        ) from None


def _words(values: list[str] | None, option: str) -> list[str]:
    try:
        return [word for value in values or [] for word in shlex.split(value)]
    except ValueError as error:
        raise ConfigurationError(
            f"{values!r} cannot be taken apart: {error}".lower(),
            where=option,
            fix="Close every quotation mark",
        ) from None
