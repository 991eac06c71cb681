"""*Fleet*: all studies, the GPUs they share, and the store they stand on."""

from typing import Any

from grafana_foundation_sdk.models.common import BigValueTextMode

from charts.dashboards import frame
from charts.dashboards.panels import PLENTY, as_of_end, ask, bars, colored, curves, number, rows, stacked
from charts.dashboards.promql import by, held_back, hours, operation_seconds, per_second
from charts.dashboards.style import Column, Property, link, words
from charts.dashboards.wasted import wasted

WHERE = 'study=~"$study"'
TO_STUDY = (
    "/d/kvjob-study/study?var-datasource=${datasource}&var-study=${__data.fields.study}&${__url_time_range}"
)
TRAINING = f"{by()} (kvjob_images_per_second{{{WHERE}}}) and on (study, run) kvjob_steps_per_epoch"
"""Throughput of runs in training, which only their pods tell."""


def dashboard() -> Any:
    """The dashboard."""
    return frame.dashboard(
        "kvjob-fleet",
        "kvjob / Fleet",
        "All studies: the GPUs they ask for and have, what pods wait for, what it costs, and how the "
        "store does.",
        [frame.datasource(), frame.study(several=True)],
        [
            ("", _head()),
            ("Studies", [_studies()]),
            ("GPUs", [_gpus(), _utilization(), _waiting()]),
            ("What it costs", [_cost(), wasted(WHERE), _speed()]),
            ("Store and exporter", [_latency(), _operations(), _errors(), _listing()]),
        ],
    )


def gpus(state: str) -> str:
    """GPUs that are so; nodes are the same to every namespace that has an exporter, pods are not."""
    series = f'kvjob_gpus{{state="{state}"}}'
    return f"max({series})" if state == "allocatable" else f"sum(max by (namespace) ({series}))"


def _head() -> list[Any]:
    look = "As the API server tells the exporter; empty where it may not look."
    running = f'sum(max by (study) (kvjob_study_runs{{{WHERE}, state="running"}}))'
    waiting = f"sum({held_back(WHERE)}) or vector(0)"
    failed = f'sum(max by (study) (kvjob_study_runs{{{WHERE}, state="failed"}}))'
    return [
        number("GPUs", f"That all nodes have. {look}", gpus("allocatable"), "none", decimals=0),
        number(
            "GPUs idle",
            f"On nodes and bound to no pod of kvjob's; others may use them. {look}",
            f"{gpus('allocatable')} - {gpus('bound')}",
            "none",
            decimals=0,
        ),
        number("Runs in training", "Seen within the last minutes.", running, "none", decimals=0),
        number(
            "Runs that wait",
            "Runs that scheduler, quota, kubelet or Argo hold back.",
            waiting,
            "none",
            decimals=0,
        ),
        number(
            "Failed runs",
            "Runs that somebody must do something about.",
            failed,
            "none",
            decimals=0,
            steps=((None, "green"), (1, "red")),
        ),
        number(
            "Cost",
            "Of all chosen studies, in the currency of observe.exporter.gpuHourPrice. A run of two "
            "studies is in both.",
            f"sum(max by (study) (kvjob_cost{{{WHERE}}}))",
            "none",
            decimals=2,
            none="no price",
        ),
        number(
            "Store",
            "Whether the exporter could read the store at its last try.",
            "min(kvjob_exporter_store_up)",
            "none",
            legend="store",
            none="no exporter",
        )
        .mappings([words({"1": ("up", "green"), "0": ("down", "red")})])
        .text_mode(BigValueTextMode.VALUE),
        number(
            "Data is as of",
            "Age of the exporter's last reading of the store.",
            "time() - max(kvjob_exporter_up_to_date_timestamp_seconds)",
            "s",
            decimals=0,
            steps=((None, "green"), (180, "yellow"), (600, "red")),
            none="no exporter",
        ),
    ]


def _studies() -> Any:
    def counted(states: str) -> str:
        return f'sum by (study) (max by (study, state) (kvjob_study_runs{{{WHERE}, state=~"{states}"}}))'

    counts = {"D": "done|diverged", "R": "running", "N": "new|resume", "F": "failed"}
    names = {"D": "finished", "R": "running", "N": "to come", "F": "failed"}
    columns = [
        Column("study", "study", "string", width=240, more=(link("Show this study", TO_STUDY),)),
        Column("Value #P", "runs", decimals=0),
        *(
            Column(
                f"Value #{ref}", name, decimals=0, colors=((None, "text"), (1, "red")) if ref == "F" else ()
            )
            for ref, name in names.items()
        ),
        Column("Value #W", "held back", decimals=0),
        Column("Value #B", "best IoU", "percentunit", 2),
        Column("Value #H", "hours", "none", 1),
        Column("Value #G", "GPU-hours", "none", 1),
        Column("Value #L", "wasted hours", "none", 2),
        Column("Value #C", "cost", "none", 2),
    ]
    queries = {
        "P": f"max by (study) (kvjob_study_planned_runs{{{WHERE}}})",
        **{ref: counted(states) for ref, states in counts.items()},
        "W": f"sum by (study) ({held_back(WHERE)})",
        "B": f"max by (study) (kvjob_best_iou{{{WHERE}}})",
        "H": hours(f"sum by (study) ({by()} (kvjob_run_seconds{{{WHERE}}}))"),
        "G": hours(f"sum by (study) ({by()} (kvjob_gpu_seconds{{{WHERE}}}))"),
        "L": hours(f"sum by (study) ({by('cause')} (kvjob_wasted_seconds{{{WHERE}}}))"),
        "C": f"max by (study) (kvjob_cost{{{WHERE}}})",
    }
    return rows(
        "Studies",
        "Every study of the store. Click one to see it. Best IoU is on the validation set; hours are wall "
        "time of all attempts; runs that studies share count in each.",
        columns,
        queries,
        sort=("running", True),
        high=8,
    )


def _gpus() -> Any:
    panel = curves(
        "GPUs asked for and there",
        "On all nodes; asked for by kvjob's pods; and bound to those that a node has taken.",
        "none",
        ask("A", gpus("allocatable"), "there"),
        ask("B", gpus("requested"), "asked for"),
        ask("C", gpus("bound"), "bound"),
        least=0,
    ).decimals(0)
    return colored(panel, {"there": "text", "asked for": "orange", "bound": "green"})


def _utilization() -> Any:
    busy = f"{by()} (kvjob_gpu_utilization_ratio{{{WHERE}}})"
    return curves(
        "GPU utilisation",
        "Share of time in which a kernel ran: the mean over the GPUs of runs in training, and the least "
        "of them.",
        "percentunit",
        ask("A", f"avg({busy})", "mean"),
        ask("B", f"min({busy})", "least"),
        least=0,
        most=1,
    )


def _waiting() -> Any:
    reasons = f"sum by (reason) ({held_back(WHERE)})"
    panel = curves(
        "Runs that wait, and why",
        "By the reason that scheduler, quota, kubelet or Argo gives.",
        "none",
        ask("A", reasons, "{{reason}}"),
        least=0,
    )
    return stacked(panel).decimals(0)


def _cost() -> Any:
    return bars(
        "GPU-hours by study",
        "GPU time of all attempts, the largest ten.",
        "h",
        as_of_end(
            f"topk(10, {hours(f'sum by (study) ({by()} (kvjob_gpu_seconds{{{WHERE}}}))')})", "{{study}}"
        ),
        decimals=1,
        least=0,
    )


def _speed() -> Any:
    panel = curves(
        "Images trained per second",
        f"Of runs in training, by study; of more than {PLENTY} studies the fastest.",
        "none",
        ask("A", f"topk({PLENTY}, sum by (study) ({TRAINING}))", "{{study}}"),
        least=0,
        label="images/s",
    )
    return stacked(panel).decimals(0)


def _latency() -> Any:
    return curves(
        "Store: time of an operation",
        "Mean seconds of an operation, the store's own retries included; of all trainers and the exporter.",
        "s",
        ask("A", operation_seconds(), "{{operation}}"),
        wide=6,
        least=0,
    )


def _operations() -> Any:
    return curves(
        "Store: operations",
        "Of all trainers and the exporter, per second.",
        "ops",
        ask("A", per_second("kvjob_store_operations_total"), "{{operation}}"),
        wide=6,
        least=0,
    )


def _errors() -> Any:
    return curves(
        "Store: errors",
        "Operations that failed after the store's own retries, within the last ten minutes.",
        "none",
        ask("A", "sum by (operation) (increase(kvjob_store_errors_total[10m]))", "{{operation}}"),
        wide=6,
        least=0,
    ).decimals(1)


def _listing() -> Any:
    return curves(
        "Exporter: one reading of the store",
        "Seconds that a listing takes, and how many objects it finds (right axis).",
        "s",
        ask("A", "max(kvjob_exporter_listing_seconds)", "seconds"),
        ask("B", "max(kvjob_exporter_objects)", "objects"),
        wide=6,
        least=0,
    ).override_by_name("objects", [Property("unit", "short"), Property("custom.axisPlacement", "right")])
