"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kvjob.errors import ConfigurationError

StudyArgument = Annotated[
    str, typer.Argument(metavar="STUDY", help="paper, all-experiments, one experiment, or a YAML file.")
]
StudyName = Annotated[str, typer.Argument(metavar="STUDY", help="Name of a study in the store.")]
STORE_HELP = "Folder, or s3://bucket/prefix with the endpoint and credentials of the usual AWS variables"
StoreOption = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help=f"{STORE_HELP}.",
        envvar="KVJOB_STORE",
    ),
]
DataOption = Annotated[Path | None, typer.Option(metavar="DIR", help="Data set: a folder or its zip.")]
PresetOption = Annotated[str | None, typer.Option(metavar="NAME", help="full, cpu or smoke.")]
SeedsOption = Annotated[int | None, typer.Option(metavar="N", help="Replicates of every configuration.")]
OnlyOption = Annotated[
    list[str] | None, typer.Option(metavar="EXPERIMENT", help="Only this experiment; may be repeated.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Set a field of the base configuration; may be repeated."
    ),
]
CacheOption = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        help="Folder for data fetched from a store that is not on this machine.",
        envvar="KVJOB_CACHE",
    ),
]
DEFAULT_CACHE = Path("~/.cache/kvjob/data").expanduser()


def base_fields(settings: list[str] | None) -> dict[str, Any]:
    """Fields and values of `--set`, each value read as YAML would read it."""
    from kvjob.experiments.plain import plain_values

    fields: dict[str, Any] = {}
    for setting in settings or []:
        name, equals, text = setting.partition("=")
        if not equals:
            raise ConfigurationError(
                f"{setting!r} sets nothing", where="--set", fix="Write FIELD=VALUE, for example epochs=20"
            )
        try:
            fields[name.strip()] = plain_values(text)
        except ValueError:
            fields[name.strip()] = text
    return fields
