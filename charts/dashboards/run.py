"""*Run*: one run in full."""

from typing import Any

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model

from charts.dashboards import frame
from charts.dashboards.metrics import RUN
from charts.dashboards.panels import DATASOURCE, as_of_end, ask, bars, colored, curves, number, stacked
from charts.dashboards.promql import INTERRUPTED, STATES, STUDY, by, operation_seconds
from charts.dashboards.style import DASHED, DIFFERENCE, PLAIN, RATIO, fixed, thresholds
from kvjob.observe.labels import FIELDS

ONE = 'run="$run"'
"""The run, under whichever study its trainer or the exporter serves it."""
SCORES = ("dice", "precision", "recall", "accuracy")
PARTS = {"train": "orange", "validation": "blue", "test": "green"}


def now(metric: str, more: str = "", *labels: str) -> str:
    """The run's value, in a series for each value of the labels."""
    return f"max by ({', '.join(('run', *labels))}) ({_series(metric, more)})"


def kept(metric: str, more: str = "", *labels: str) -> str:
    """The same, or if it has none its last value in the time range."""
    series = _series(metric, more)
    last = f"max by ({', '.join(('run', *labels))}) (last_over_time({series}[$__range]))"
    return f"{now(metric, more, *labels)} or ({last} unless on (run) {series})"


def _series(metric: str, more: str) -> str:
    return f"{metric}{{{', '.join(filter(None, (ONE, more)))}}}"


def dashboard() -> Any:
    """The dashboard."""
    whole = frame.dashboard(
        "kvjob-run",
        "kvjob / Run",
        "One run in full: how it learns, how fast, what is saved of it, and how often it began.",
        [frame.datasource(), frame.study(), *frame.levels_and_seeds(), _choice()],
        [
            ("", _head()),
            ("How it learns", [_loss(), _iou(), _scores(), _rate(), _epochs(), _configuration()]),
            ("How fast", [_speed(), _phases(), _shares()]),
            ("What is saved, how often it began", [_age(), _store(), _attempts(), _wasted()]),
            ("GPU", [_memory(), _utilization()]),
        ],
    )
    return frame.marked(whole, ONE, each=True)


def _choice() -> Any:
    states = f'kvjob_run_state{{{STUDY}, seed=~"$seed"}}'
    roles = f'kvjob_run_roles{{{STUDY}, experiment=~"$experiment", level=~"$level"}}'
    found = (
        f"{by()} (last_over_time({states}[$__range])) and on (study, run) last_over_time({roles}[$__range])"
    )
    named = f'label_join({found}, "title", " ", "experiment", "level", "seed", "run")'
    # Grafana shows the group `text` and chooses by the group `value`
    regex = '/title="(?<text>[^"]+)|run="(?<value>[^"]+)/g'
    return frame.choice("run", f"query_result({named})", several=False, regex=regex)


def _head() -> list[Any]:
    state = number(
        "State",
        "new: never started; running; resume: stopped and goes on when it is started again; done and "
        "diverged: it has a result; failed: somebody must act.",
        now("kvjob_run_state", "", "state"),
        "none",
        legend="{{state}}",
    ).text_mode(options.BigValueTextMode.NAME)
    progress = f"{kept('kvjob_epoch')}"
    share = f"({progress}) / on (run) ({kept('kvjob_epochs_planned')})"
    interrupted = now("kvjob_attempts", f'cause=~"{INTERRUPTED}"', "cause")
    retries = f"sum({interrupted}) or vector(0)"
    return [
        colored(state, STATES),
        number("Epochs done", "Complete epochs.", progress, "none", decimals=0),
        number(
            "Of those planned",
            "Complete epochs of the most that it will train. Early stopping may end it before.",
            share,
            "percentunit",
            decimals=0,
            steps=((None, "blue"), (1, "green")),
        ),
        number(
            "Best validation IoU",
            "Mean over images; the weights of this epoch are kept and scored on the test set.",
            kept("kvjob_best_iou"),
            "percentunit",
            decimals=2,
            steps=RATIO,
        ),
        number(
            "Test IoU",
            "Mean over images, of the best epoch's weights; once the run is done.",
            kept("kvjob_iou", 'part="test"'),
            "percentunit",
            decimals=2,
            steps=RATIO,
            none="not yet",
        ),
        number(
            "From the baseline",
            "Test IoU less that of the baseline with the same seed; nothing for the baseline itself.",
            kept("kvjob_iou_difference"),
            "percentunit",
            decimals=2,
            steps=DIFFERENCE,
            none="–",
        ),
        number(
            "Time left",
            "Estimate, from the epochs left and the chance that early stopping ends it before; while it "
            "trains.",
            now("kvjob_time_left_seconds"),
            "s",
            decimals=1,
            none="not training",
        ),
        number(
            "Interruptions",
            "Attempts that were interrupted, lost, out of GPU memory, or without a store, after each of "
            "which it went on from its last epoch.",
            retries,
            "none",
            decimals=0,
            steps=((None, "green"), (1, "yellow"), (10, "red")),
        ),
    ]


def _loss() -> Any:
    panel = curves(
        "Loss",
        "Mean loss per image after each epoch. Training: as met during training, with augmentation and "
        "moving weights.",
        "none",
        ask("A", now("kvjob_loss", "", "part"), "{{part}}"),
    ).decimals(4)
    return colored(panel, PARTS)


def _iou() -> Any:
    panel = curves(
        "IoU",
        "Intersection over union, mean over images; the best so far is dashed, the test set is scored "
        "once at the end.",
        "percentunit",
        ask("A", now("kvjob_iou", "", "part"), "{{part}}"),
        ask("B", now("kvjob_best_iou"), "best"),
        least=0,
        most=1,
    ).decimals(2)
    return colored(panel, PARTS).override_by_name("best", [fixed("text"), DASHED])


def _scores() -> Any:
    queries = [
        ask(ref, now(f"kvjob_{score}", 'part="validation"'), score)
        for ref, score in zip("ABCD", SCORES, strict=True)
    ]
    says = (
        "Dice, precision, recall and accuracy on the validation set, mean over images. Accuracy counts "
        "background too."
    )
    return curves("Other scores", says, "percentunit", *queries, most=1).decimals(2)


def _rate() -> Any:
    says = (
        "Step size of each epoch; it falls to a tenth when the validation loss has not fallen for "
        "`lr_patience` epochs."
    )
    return curves(
        "Learning rate", says, "sci", ask("A", now("kvjob_learning_rate"), "learning rate"), least=0
    )


def _epochs() -> Any:
    within = f"{now('kvjob_step')} / on (run) ({now('kvjob_steps_per_epoch')} > 0)"
    return curves(
        "Epochs",
        "Epochs done, with the part of the present one while it trains; the best epoch is dashed.",
        "none",
        ask("A", f"{now('kvjob_epoch')} + on (run) {within} or {now('kvjob_epoch')}", "epochs"),
        ask("B", now("kvjob_best_epoch"), "best epoch"),
        least=0,
    ).override_by_name("best epoch", [fixed("text"), DASHED])


def _configuration() -> Any:
    labels = ", ".join((*RUN, *FIELDS))
    query = f"max by ({labels}) (last_over_time(kvjob_run_info{{{STUDY}, {ONE}}}[$__range]))"
    return (
        table.Panel()
        .title("Configuration")
        .description("Every field of the run's configuration, and its place in the study.")
        .datasource(DATASOURCE)
        .with_target(ask("A", query, "{{run}}", instant=True))
        .unit("string")
        .no_value("nothing in this time range")
        .thresholds(thresholds(*PLAIN))
        .cell_height(options.TableCellHeight.SM)
        .footer(common.TableFooterOptions().show(False).reducer([]).enable_pagination(True))
        .with_transformation(model.DataTransformerConfig("labelsToFields", options={"mode": "rows"}))
        .span(8)
        .height(8)
    )


def _speed() -> Any:
    says = "Training images per second in the last epoch."
    query = ask("A", now("kvjob_images_per_second"), "images/s")
    return curves("Throughput", says, "none", query, least=0, label="images/s").decimals(1)


def _phases() -> Any:
    spent = f"max by (run, phase) (rate(kvjob_phase_seconds_total{{{ONE}}}[$__rate_interval]))"
    panel = curves(
        "Where time goes",
        "Seconds of each second that the loop spends in a phase: waiting for data, forward and backward, "
        "validation, copying a checkpoint, waiting for the store. What is missing to 1 is between "
        "attempts.",
        "percentunit",
        ask("A", spent, "{{phase}}"),
        least=0,
        calc="mean",
    )
    return stacked(panel)


def _shares() -> Any:
    return bars(
        "Time by phase",
        "Seconds of all attempts.",
        "s",
        as_of_end(kept("kvjob_phase_seconds_total", "", "phase"), "{{phase}}"),
        decimals=1,
        least=0,
    )


def _age() -> Any:
    age = f"time() - {now('kvjob_checkpoint_timestamp_seconds')} and on (run) kvjob_steps_per_epoch{{{ONE}}}"
    return curves(
        "Age of the newest checkpoint",
        "What would be lost if the run died now, in seconds of training; while it trains.",
        "s",
        ask("A", age, "age"),
        wide=6,
        least=0,
    )


def _store() -> Any:
    return curves(
        "Store: time of an operation",
        "Mean seconds of an operation of the store, its own retries included; while it trains.",
        "s",
        ask("A", operation_seconds(ONE), "{{operation}}"),
        wide=6,
        least=0,
    )


def _attempts() -> Any:
    return bars(
        "Attempts by cause",
        "How the attempts ended; `running` is the present one.",
        "none",
        as_of_end(kept("kvjob_attempts", "", "cause"), "{{cause}}"),
        decimals=0,
        least=0,
        wide=6,
    )


def _wasted() -> Any:
    return bars(
        "Wasted time by cause",
        "Wall time that had to be done again after an interruption.",
        "s",
        as_of_end(kept("kvjob_wasted_seconds", "", "cause"), "{{cause}}"),
        steps=((None, "orange"),),
        decimals=0,
        least=0,
        wide=6,
        none="nothing wasted",
    )


def _memory() -> Any:
    return curves(
        "GPU memory",
        "Memory that tensors hold, and the most that they held.",
        "bytes",
        ask("A", now("kvjob_gpu_memory_bytes"), "now"),
        ask("B", now("kvjob_gpu_memory_peak_bytes"), "peak"),
        wide=12,
        least=0,
    ).override_by_name("peak", [fixed("text"), DASHED])


def _utilization() -> Any:
    return curves(
        "GPU utilisation",
        "Share of time in which a kernel ran. Low while throughput is low: data is what it waits for.",
        "percentunit",
        ask("A", now("kvjob_gpu_utilization_ratio"), "utilisation"),
        wide=12,
        least=0,
        most=1,
    )
