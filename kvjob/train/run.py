"""One run from its key to its result: what a pod executes."""

import time
import traceback
from functools import partial
from pathlib import Path

import torch

from kvjob.errors import ConfigurationError, ExitCode, KvjobError
from kvjob.records import layout
from kvjob.records.document import document_bytes, find_document, write_document
from kvjob.records.live import Live
from kvjob.records.run import EpochRow, Result, RunRecord
from kvjob.records.study import read_study
from kvjob.store import Store
from kvjob.study.code import code_hash
from kvjob.study.plan import Plan, PlannedRun
from kvjob.train.attempts import AttemptLog
from kvjob.train.bundle import FailureBundle
from kvjob.train.cause import cause_of
from kvjob.train.checkpoint import Checkpoints
from kvjob.train.device import gpu_now, prepare_device
from kvjob.train.environment import environment
from kvjob.train.fence import Fence
from kvjob.train.finish import finish
from kvjob.train.loop import fit
from kvjob.train.output import Output
from kvjob.train.patience import PatientStore
from kvjob.train.progress import Reporter
from kvjob.train.setup import Workbench, set_up
from kvjob.train.stop import StopRequest
from kvjob.train.turn import await_turn
from kvjob.train.watchdog import Hang, Watchdog
from kvjob.train.writer import BackgroundWriter


class CudaOutOfMemory(KvjobError):  # noqa: N818  (the field's word)
    """The GPU's memory did not hold the micro-batch."""

    exit_code = ExitCode.CUDA_OOM


def train_run(
    store: Store,
    study: str,
    key: str,
    cache: Path,
    report: Reporter,
    stop: StopRequest,
    live: Live | None = None,
    *,
    again: bool = False,
    watchdog: Watchdog | None = None,
    output: Output | None = None,
) -> Result:
    """Train the run of that key to its end, from where it was left, unless it has a result.

    Args:
        store: holds the study's plan and the data set, and receives everything the run leaves.
        study: name of a planned study.
        key: one of its runs.
        cache: folder for data that the store does not hold on this machine.
        report: told how far the run is.
        stop: asked between steps.
        live: filled while the run trains, for metrics.
        again: train although a cause has used up its budget, and count anew.
        watchdog: is told how to record that the run hangs.
        output: what this process wrote, kept with the attempt.

    Returns:
        The result, which is in the store as well.

    Raises:
        KvjobError: with the exit code that says what to do; the attempt's record holds the same.
    """
    plan = read_study(store, study).plan
    run = plan.run(key)
    _same_code(plan)
    if (done := _result(store, key)) is not None:
        Checkpoints(store, key).tidy(done.best_epoch)
        return done
    live = live or Live()
    store = patient = PatientStore(store, stop, live)
    await_turn(store, key, report, stop, live)
    device = prepare_device(run.config)
    live.study, live.run, live.progressed = study, run, time.time()
    live.gpu = lambda: gpu_now(device)
    log = AttemptLog(store, key, run.config.batch_size, device, live, again, patient.outages)
    log.bundle = FailureBundle(store, key, log.record.number, device, cache, output)
    if watchdog is not None:
        watchdog.record = partial(_end, log)
    try:
        result = _train(store, plan, run, cache, log, report, stop, device, live)
    except KvjobError as error:
        _end(log, error)
        raise
    except torch.OutOfMemoryError:
        full = CudaOutOfMemory(
            f"out of GPU memory with {log.record.micro_batch} images at once",
            where=f"run {key}",
            fix="Run the same command again; it takes half as many at once, with the same effective batch",
        )
        _end(log, full)
        raise full from None
    except Exception:
        _end(log, None)
        raise
    live.result = result
    log.end(result.status, ExitCode.OK, result.message)
    return result


def _same_code(plan: Plan) -> None:
    """Refuse to train under a key that names other code: its result would not be what the key promises."""
    if plan.code != code_hash():
        raise ConfigurationError(
            f"planned with code {plan.code}, but this is code {code_hash()}",
            where=f"study {plan.study.name!r}",
            fix="Plan the study again with this version of kvjob, or train with the one that planned it",
        )


def _train(
    store: Store,
    plan: Plan,
    run: PlannedRun,
    cache: Path,
    log: AttemptLog,
    report: Reporter,
    stop: StopRequest,
    device: torch.device,
    live: Live,
) -> Result:
    config, key = run.config, run.key
    fence = Fence(store, key, log.record.number)
    fence.take_over()
    if (done := _result(store, key)) is not None:  # an earlier attempt was alive and has just come to the end
        Checkpoints(store, key, live, fence).tidy(done.best_epoch)
        return done
    record = RunRecord(key=key, config=config, dataset=plan.dataset, code=plan.code)
    write_document(store, layout.run(key, "config.json"), record)
    fence.commit({"environment.json": document_bytes(environment(device))})
    report.send("phase", name="loading")
    bench = set_up(store, plan, config, cache, device, log.record.micro_batch, stop, report, live)
    checkpoints = Checkpoints(store, key, live, fence)
    history = _resume(checkpoints, bench, log)
    report.send("start", epoch=len(history), epochs=config.epochs, resumed_from=len(history))
    with BackgroundWriter(checkpoints, log.saved) as writer:
        live.phase = "training"
        ended = fit(config, bench.learner, bench.passes, bench.part, history, writer, log, report, live)
        begin, live.phase = time.perf_counter(), "saving"
        writer.flush()
        log.note(store_seconds=time.perf_counter() - begin)
    live.phase = "testing"
    report.send("phase", name="testing")
    return finish(store, run, bench, checkpoints, ended, fence)


def _resume(checkpoints: Checkpoints, bench: Workbench, log: AttemptLog) -> tuple[EpochRow, ...]:
    found, warnings = checkpoints.latest()
    history: tuple[EpochRow, ...] = () if found is None else bench.restore(found.files)
    log.note(resumed_from=len(history), warnings=tuple(warnings))
    log.write(log.record)
    return history


def _result(store: Store, key: str) -> Result | None:
    return find_document(store, layout.run(key, "result.json"), Result)


def _end(log: AttemptLog, error: KvjobError | None) -> None:
    """Close the attempt; the store may be what failed, and then the next attempt will mark this one.

    Args:
        log: of the attempt.
        error: what ended it; None for the exception being handled, which is a defect.
    """
    try:
        if error is None:
            log.end("bug", ExitCode.BUG, traceback.format_exc())
        else:
            stacks = f"\n{error.stacks}" if isinstance(error, Hang) else ""
            log.end(cause_of(error), error.exit_code, str(error) + stacks)
    except KvjobError:
        return
