"""*Study*: what runs, what waits, what learns, what is stuck, and what it costs."""

from typing import Any

from charts.dashboards import frame
from charts.dashboards.metrics import RUN
from charts.dashboards.panels import (
    PLENTY,
    as_of_end,
    ask,
    bars,
    baseline,
    colored,
    curves,
    number,
    rows,
    stacked,
)
from charts.dashboards.promql import (
    CHOSEN,
    STATES,
    STUDY,
    by,
    chosen,
    held_back,
    hours,
    latest,
    per_level,
    roles,
    without_progress,
)
from charts.dashboards.style import AGE, DIFFERENCE, RATIO, Column, link, state_column
from charts.dashboards.wasted import wasted

TO_RUN = (
    "/d/kvjob-run/run?var-datasource=${datasource}&var-study=${study}&var-run=${__data.fields.run}"
    "&${__url_time_range}"
)
LEVELS = 12
"""Levels of one experiment that are drawn, the best; the baseline is drawn in any case."""


def dashboard() -> Any:
    """The dashboard."""
    whole = frame.dashboard(
        "kvjob-study",
        "kvjob / Study",
        "One study: what runs, what waits, what learns, what is stuck, and what it costs.",
        [frame.datasource(), frame.study(), *frame.levels_and_seeds()],
        [
            ("", _head()),
            ("What learns", [_curves()]),
            ("Runs", [_runs()]),
            ("Levels", [_levels(), _training()]),
            ("What waits, what is stuck", [_states(), _waiting(), _stuck(), _failed()]),
            ("What it costs", [_seconds(), wasted(STUDY), _attempts()]),
        ],
    )
    return frame.marked(whole, STUDY, each=False)


def _head() -> list[Any]:
    finished = f'sum(max by (state) (kvjob_study_runs{{{STUDY}, state=~"done|diverged"}}))'
    best = f"topk(1, {chosen(latest('kvjob_best_iou'))})"
    return [
        number(
            "Finished",
            "Runs that have a result, diverged ones included, of all that the study plans.",
            f"{finished} / max(kvjob_study_planned_runs{{{STUDY}}})",
            "percentunit",
            decimals=0,
            steps=((None, "blue"), (1, "green")),
        ),
        colored(
            bars(
                "Runs by state",
                "new: never started; running: seen within the last minutes; resume: stopped and goes on "
                "when it is started again; done and diverged: have a result; failed: somebody must act.",
                "none",
                *(
                    as_of_end(f'max(kvjob_study_runs{{{STUDY}, state="{state}"}})', state, ref)
                    for ref, state in zip("ABCDEF", STATES, strict=True)
                ),
                decimals=0,
                least=0,
                wide=6,
                high=4,
            ),
            STATES,
        ),
        number(
            "Best run",
            "The highest validation IoU (mean over images) of any epoch of the chosen runs, and whose it is.",
            best,
            "percentunit",
            legend="{{experiment}} {{level}} seed {{seed}}",
            decimals=2,
            steps=RATIO,
            wide=6,
        ),
        number(
            "Time left",
            "Estimate: the mean time of finished runs for each that is to come, and what running ones "
            "expect, or the rest of that mean if they do not say, shared by those that run now. Unknown "
            "before a first run is done.",
            _left(),
            "s",
            decimals=1,
        ),
        number(
            "GPU-hours",
            "GPU time of all attempts, what had to be done again included. 0 without GPUs.",
            hours(f"sum({by()} (kvjob_gpu_seconds{{{STUDY}}}))"),
            "none",
            decimals=1,
        ),
        number(
            "Cost",
            "GPU-hours times their price, in the currency of the chart's value "
            "observe.exporter.gpuHourPrice.",
            f"max(kvjob_cost{{{STUDY}}})",
            "none",
            decimals=2,
            none="no price",
        ),
    ]


def _left() -> str:
    """Seconds until the study is done, estimated."""
    usual = f"""avg(
    {by()} (kvjob_run_seconds{{{STUDY}}}) and on (study, run) kvjob_run_state{{{STUDY}, state="done"}}
  )"""
    silent = f"""{by()} (kvjob_run_seconds{{{STUDY}}})
      and on (study, run) kvjob_run_state{{{STUDY}, state="running"}}
      unless on (study, run) kvjob_time_left_seconds{{{STUDY}}}"""
    return f"""(
  {usual} * sum(max by (state) (kvjob_study_runs{{{STUDY}, state=~"new|resume"}}))
  + (sum({by()} (kvjob_time_left_seconds{{{STUDY}}})) or vector(0))
  + (sum(clamp_min(scalar({usual}) - ({silent}), 0)) or vector(0))
) / clamp_min(max(kvjob_study_runs{{{STUDY}, state="running"}}), 1)"""


def _curves() -> Any:
    role = 'study="$study", experiment="$experiment", level=~"$level", baseline="{}"'
    validation = f'kvjob_iou{{{CHOSEN}, part="validation"}}'
    others, base = role.format("false"), role.format("true")
    top = per_level(f"last_over_time(kvjob_best_iou{{{CHOSEN}}}[$__range] @ end())", others)
    panel = curves(
        "$experiment: validation IoU",
        "Validation IoU (mean over images) by level, the mean over its seeds that have begun; the "
        f"baseline is dashed. Of more than {LEVELS} levels the best are shown.",
        "percentunit",
        ask("A", f"{per_level(validation, others)} and topk({LEVELS}, {top})", "{{level}}"),
        ask("B", per_level(validation, base), "{{level}} (baseline)"),
        wide=24,
        high=9,
    )
    return baseline(panel, "B").repeat("experiment").repeat_direction("h").max_per_row(4)


def _runs() -> Any:
    columns = [
        Column("experiment", "experiment", "string", width=130),
        Column("level", "level", "string", width=160),
        Column("seed", "seed", width=60),
        state_column(),
        Column("Value #E", "epoch", width=70, decimals=0),
        Column("Value #P", "of", width=60, decimals=0),
        Column("Value #V", "validation IoU", "percentunit", 2, 120),
        Column("Value #B", "best so far", "percentunit", 2, 110),
        Column("Value #T", "test IoU", "percentunit", 2, 100, RATIO),
        Column("Value #D", "from baseline", "percentunit", 2, 120, DIFFERENCE),
        Column("Value #L", "time left", "s", 1, 100),
        Column("Value #Q", "last progress", "s", 0, 110, AGE),
        Column(
            "Value #A", "attempts", width=80, decimals=0, colors=((None, "text"), (3, "yellow"), (10, "red"))
        ),
        Column("run", "run", "string", width=120, more=(link("Show this run", TO_RUN),)),
    ]
    queries = {
        "S": chosen(f"{by('state')} (kvjob_run_state{{{CHOSEN}}})"),
        "E": chosen(latest("kvjob_epoch")),
        "P": chosen(latest("kvjob_epochs_planned")),
        "V": chosen(latest("kvjob_iou", f'{CHOSEN}, part="validation"')),
        "B": chosen(latest("kvjob_best_iou")),
        "T": chosen(latest("kvjob_iou", f'{CHOSEN}, part="test"')),
        "D": chosen(latest("kvjob_iou_difference")),
        "L": chosen(f"{by()} (kvjob_time_left_seconds{{{CHOSEN}}})"),
        "Q": chosen(without_progress(CHOSEN)),
        "A": chosen(f"sum by ({', '.join(RUN)}) ({latest('kvjob_attempts', CHOSEN, 'cause')})"),
    }
    return rows(
        "Runs",
        "Every chosen run. A run that several experiments look at stands under the first of them, the "
        "base configuration under baseline. Test IoU and difference from the baseline with the same seed "
        "come when a run is done; time left follows from patience and epochs. Click a run to see it whole.",
        columns,
        queries,
        sort=("state", True),
        high=12,
        hidden=("study", "Value #S"),
    )


def _levels() -> Any:
    done = f'kvjob_iou{{{CHOSEN}, part="test"}}'
    columns = [
        Column("experiment", "experiment", "string", width=130),
        Column("level", "level", "string", width=170),
        Column("Value #N", "seeds done", width=100, decimals=0),
        Column("Value #T", "test IoU", "percentunit", 2, 100, RATIO),
        Column("Value #S", "± over seeds", "percentunit", 2, 110),
        Column("Value #D", "from baseline", "percentunit", 2, 120, DIFFERENCE),
    ]
    queries = {
        "N": per_level(done, how="count"),
        "T": per_level(done),
        "S": f"{per_level(done, how='stddev')} and {per_level(done, how='count')} > 1",
        "D": per_level(f"kvjob_iou_difference{{{CHOSEN}}}"),
    }
    return rows(
        "Levels",
        "Test IoU of each level (mean over images, then over the seeds that are done), its standard "
        "deviation over the seeds, and the mean difference from the baseline with the same seed. Whether "
        "a difference is more than chance is said by the report, not here.",
        columns,
        queries,
        sort=("test IoU", True),
        wide=14,
        high=10,
    )


def _training() -> Any:
    running = f'kvjob_run_state{{{CHOSEN}, state="running"}} @ end()'
    iou = f'{by()} (kvjob_iou{{{CHOSEN}, part="validation"}})'
    moved = f"{by()} (kvjob_last_progress_timestamp_seconds{{{CHOSEN}}} @ end())"
    newest = f"topk({PLENTY}, {moved} and on (study, run) {running})"
    return curves(
        "Runs in training",
        "Validation IoU (mean over images) of runs that train at the end of the time range; of more than "
        f"{PLENTY} those that moved last.",
        "percentunit",
        ask("A", f"{iou} and on (study, run) {newest}", "{{experiment}} {{level}} {{seed}}"),
        wide=10,
        high=10,
    )


def _states() -> Any:
    panel = curves(
        "Runs by state over time",
        "How many runs of the study are in which state.",
        "none",
        ask("A", f"max by (state) (kvjob_study_runs{{{STUDY}}})", "{{state}}"),
        wide=6,
        high=9,
        least=0,
    )
    return colored(stacked(panel).decimals(0), STATES)


def _waiting() -> Any:
    panel = curves(
        "Runs that the cluster holds back",
        "Runs that wait, by the reason that scheduler, quota, kubelet or Argo gives. Empty where the "
        "exporter may not look at the cluster.",
        "none",
        ask("A", f"sum by (reason) ({held_back(STUDY)})", "{{reason}}"),
        wide=6,
        high=9,
        least=0,
    )
    return stacked(panel).decimals(0)


def _stuck() -> Any:
    return bars(
        "Longest without progress",
        "Of runs in training: time since the last step or batch scored, the ten longest.",
        "s",
        as_of_end(f"topk(10, {without_progress(STUDY)})", "{{experiment}} {{level}} {{seed}}"),
        steps=((None, "green"), *AGE[1:]),
        decimals=0,
        least=0,
        wide=6,
        high=9,
        none="no run trains",
    )


def _failed() -> Any:
    columns = [
        Column("experiment", "experiment", "string", width=95),
        Column("level", "level", "string", width=85),
        Column("seed", "seed", width=45),
        state_column(70),
        Column("run", "run", "string", more=(link("Show this run", TO_RUN),)),
    ]
    return rows(
        "Failed and diverged",
        "failed: its last attempt ended with an error that another attempt would meet again; `kvjob "
        "status` says which. diverged: its loss stopped being finite, which is a result.",
        columns,
        {"A": f'{by("state")} (kvjob_run_state{{{CHOSEN}, state=~"failed|diverged"}})'},
        sort=("state", True),
        wide=6,
        high=9,
        hidden=("study", "Value", "Value #A"),
    )


def _seconds() -> Any:
    return bars(
        "Time by experiment",
        "Wall time of all attempts in each experiment. What experiments share, such as the baseline, "
        "counts in each.",
        "h",
        as_of_end(
            f"""sum by (experiment) ({roles(STUDY)}
  * on (study, run) group_left () max by (study, run) (kvjob_run_seconds{{{STUDY}}})) / 3600""",
            "{{experiment}}",
        ),
        decimals=2,
        least=0,
    )


def _attempts() -> Any:
    return bars(
        "Attempts by cause",
        "How the attempts of all runs ended; each start of a trainer is one.",
        "none",
        as_of_end(f"sum by (cause) ({by('cause')} (kvjob_attempts{{{STUDY}}}))", "{{cause}}"),
        decimals=0,
        least=0,
    )
