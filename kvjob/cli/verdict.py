"""`kvjob verdict`: the last step of a study on a cluster."""

import typer

from kvjob.cli.last_words import leave_last_words
from kvjob.cli.options import StoreOption, StudyName
from kvjob.errors import ExitCode, shown

SHOWN, WIDTH = 10, 160
"""Runs without a result that are named, and characters for each: a pod's message is short."""


def verdict(study: StudyName, store: StoreOption) -> None:
    """Say whether every run of a study has a result; exit code 1 names those that have none."""
    from kvjob.records.state import run_states
    from kvjob.records.study import read_study
    from kvjob.store import open_store

    place = open_store(store)
    runs = read_study(place, study).plan.runs
    states = run_states(place, (run.key for run in runs))
    missing = [(run, states[run.key]) for run in runs if states[run.key].kind != "done"]
    if not missing:
        typer.echo(f"{study}: all {len(runs)} runs have a result")
        return
    lines = [f"{study}: {len(missing)} of {len(runs)} runs have no result"]
    lines += [
        " ".join(f"{run.key} {run.title}: {state.why}".split())[:WIDTH] for run, state in missing[:SHOWN]
    ]
    if len(missing) > SHOWN:
        lines.append(f"and {len(missing) - SHOWN} more: kvjob status {study}")
    lines.append(f"why: kvjob logs {missing[0][0].key}")
    text = shown("\n".join(lines))
    leave_last_words(text)
    typer.echo(text, err=True)
    raise typer.Exit(int(ExitCode.RUNS_FAILED))
