"""`kvjob logs`: what is kept of an attempt, long after its pod is gone."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kvjob.cli.place import AnyStoreOption, ContextOption, NamespaceOption, opened
from kvjob.errors import ConfigurationError

if TYPE_CHECKING:
    from kvjob.records.attempt import Attempt, PodEnd
    from kvjob.records.failure import Bundle, Failure
    from kvjob.store import Store

SHOWN = 8
"""Keys that an error names at the most."""


def logs(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Run key, or as much of it as only one run has.")],
    attempt: Annotated[
        int | None, typer.Option(metavar="N", help="Its attempt, from 1; the last unless given.", min=1)
    ] = None,
    namespace: NamespaceOption = None,
    store: AnyStoreOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    context: ContextOption = None,
) -> None:
    """Show why an attempt at a run ended: its error, its pod's end, and the last lines that it wrote."""
    from kvjob.records.attempt import read_attempts
    from kvjob.records.failure import read_bundle

    with opened(store, namespace, context) as (place, _):
        whole = _whole_key(place, key)
        attempts = read_attempts(place, whole)
        chosen = _chosen(attempts, attempt, whole)
        bundle = read_bundle(place, whole, chosen.number)
    if as_json:
        typer.echo(json.dumps(_facts(whole, chosen, bundle), indent=1))
        return
    _print(whole, chosen, len(attempts), bundle, namespace)


def _whole_key(store: "Store", prefix: str) -> str:
    from kvjob.records import layout

    keys = sorted({entry.key.split("/")[1] for entry in store.list(layout.RUNS)}) if prefix else []
    found = [prefix] if prefix in keys else [key for key in keys if key.startswith(prefix)]
    if len(found) == 1:
        return found[0]
    if not found:
        there = f"there are {_some(keys)}" if keys else "there is none yet"
        raise ConfigurationError(
            f"no run {prefix!r} has been started; {there}",
            where=store.url,
            fix="Take a key that `kvjob status STUDY` prints",
        )
    raise ConfigurationError(
        f"{prefix!r} begins the keys of {len(found)} runs: {_some(found)}",
        where=store.url,
        fix="Give more of the key",
    )


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:SHOWN]) + (f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else "")


def _chosen(attempts: "list[Attempt]", number: int | None, key: str) -> "Attempt":
    from kvjob.records.cause import WORDS

    if not attempts:
        raise ConfigurationError("no attempt yet", where=f"run {key}", fix="Wait until it is trained")
    if number is None:
        return attempts[-1]
    for each in attempts:
        if each.number == number:
            return each
    there = ", ".join(f"{each.number} ({WORDS[each.cause]})" for each in attempts)
    raise ConfigurationError(f"no attempt {number}", where=f"run {key}", fix=f"Choose one of {there}")


def _facts(key: str, attempt: "Attempt", bundle: "Bundle") -> dict[str, object]:
    return {
        "run": key,
        "attempt": attempt.model_dump(mode="json"),
        "failure": bundle.failure and bundle.failure.model_dump(mode="json"),
        "pod": bundle.pod and bundle.pod.model_dump(mode="json"),
        "log": bundle.log.splitlines(),
    }


def _print(key: str, attempt: "Attempt", attempts: int, bundle: "Bundle", namespace: str | None) -> None:
    from kvjob.records.cause import WORDS

    console = Console(highlight=False, soft_wrap=True)
    console.print(
        Text(f"run {key}, attempt {attempt.number} of {attempts}: {WORDS[attempt.cause]}", style="bold")
    )
    ended = f", ended {attempt.ended:%Y-%m-%d %H:%M:%S %Z}" if attempt.ended else ""
    console.print(Text(f"started {attempt.started:%Y-%m-%d %H:%M:%S %Z}{ended}"))
    place = [attempt.pod and f"pod {attempt.pod}", attempt.node and f"node {attempt.node}", attempt.device]
    console.print(Text(", ".join(each for each in place if each)))
    failure = bundle.failure
    # a defect's message is its traceback, which follows
    if attempt.message and not (failure and failure.traceback.strip() == attempt.message.strip()):
        console.print(Text(_clean(attempt.message)))
    if failure is not None:
        _print_failure(console, failure)
    if bundle.pod is not None:
        _print_pod(console, bundle.pod)
    if attempt.cause == "running" and attempt.pod:
        console.print(Text(f"Still running: kubectl logs -f {attempt.pod} -n {namespace or 'NAMESPACE'}"))
    _heading(console, "log")
    console.print(Text(_clean(bundle.log).rstrip("\n") or "nothing kept"))


def _print_failure(console: Console, failure: "Failure") -> None:
    if failure.traceback:
        _heading(console, "traceback")
        console.print(Text(_clean(failure.traceback).rstrip("\n")))
    if failure.cause == "hang" and failure.stacks:
        _heading(console, "stacks")
        console.print(Text(_clean(failure.stacks).rstrip("\n")))
    _heading(console, "process")
    made = failure.environment
    console.print(Text(f"kvjob {made.kvjob} {made.image}, Python {made.python}, {made.platform}".strip()))
    for title, amounts in (
        ("GPU memory", failure.gpu_memory),
        ("process memory", failure.process_memory),
        ("cgroup memory", failure.cgroup_memory),
        ("disk free", failure.disk_free_bytes),
    ):
        if amounts:
            told = ", ".join(f"{name} {_amount(number)}" for name, number in amounts.items())
            console.print(Text(f"{title}: {told}"))


def _print_pod(console: Console, pod: "PodEnd") -> None:
    _heading(console, "pod")
    facts = [pod.phase, pod.reason, pod.container_reason]
    facts += [f"exit code {pod.exit_code}"] if pod.exit_code is not None else []
    facts += [f"signal {pod.signal}"] if pod.signal is not None else []
    console.print(Text(f"{pod.pod}: {', '.join(each for each in facts if each)}"))
    if pod.node_condition:
        console.print(Text(f"node {pod.node}: {pod.node_condition}"))
    if not pod.events:
        return
    table = Table("last seen", "type", "reason", "count", "message", box=None, pad_edge=False)
    for event in pod.events:
        when = f"{event.last:%H:%M:%S}" if event.last else ""
        cells = (when, event.type, event.reason, str(event.count), event.message)
        table.add_row(*(Text(_clean(cell)) for cell in cells))
    console.print(table)


def _heading(console: Console, title: str) -> None:
    console.print(Text(f"\n--- {title}", style="bold"))


def _amount(number: int) -> str:
    return f"{number / 2**20:,.0f} MiB" if number >= 2**20 else str(number)


def _clean(text: str) -> str:
    """Without the control characters with which a log could act on a terminal."""
    return "".join(each for each in text if each in "\n\t" or each.isprintable())
