"""Every metric that dashboards and alerts may ask for, with its labels, as trainer and exporter serve them.

A scrape adds labels of its own (`pod`, `instance`, `job`, …), and a run passes from its pod to the exporter.
Queries therefore collapse to the labels named here.
"""

from kvjob.observe.labels import FIELDS, LABELS

RUN = LABELS
"""Labels of every series of a run."""

SCORES = ("iou", "dice", "precision", "recall", "accuracy")

METRICS: dict[str, tuple[str, ...]] = {
    # of a run, from its pod while it trains, else from the exporter
    **dict.fromkeys(
        (
            "kvjob_epoch",
            "kvjob_epochs_planned",
            "kvjob_best_iou",
            "kvjob_best_epoch",
            "kvjob_learning_rate",
            "kvjob_images_per_second",
            "kvjob_checkpoint_timestamp_seconds",
            "kvjob_checkpoint_bytes",
            "kvjob_last_progress_timestamp_seconds",
            "kvjob_loss_not_finite",
            "kvjob_gpu_memory_peak_bytes",
        ),
        RUN,
    ),
    **{f"kvjob_{score}": (*RUN, "part") for score in ("loss", *SCORES)},
    "kvjob_phase_seconds_total": (*RUN, "phase"),
    "kvjob_attempts": (*RUN, "cause"),
    "kvjob_run_info": (*RUN, *FIELDS),
    # only from the pod
    **dict.fromkeys(
        (
            "kvjob_step",
            "kvjob_steps_per_epoch",
            "kvjob_time_left_seconds",
            "kvjob_gpu_memory_bytes",
            "kvjob_gpu_utilization_ratio",
        ),
        RUN,
    ),
    # of both, each its own; the exporter's have no labels of a run
    **dict.fromkeys(
        ("kvjob_store_seconds_total", "kvjob_store_operations_total", "kvjob_store_errors_total"),
        (*RUN, "operation"),
    ),
    # only from the exporter
    "kvjob_run_state": (*RUN, "state"),
    "kvjob_run_roles": ("study", "run", "experiment", "level", "baseline"),
    "kvjob_iou_difference": RUN,
    "kvjob_run_seconds": RUN,
    "kvjob_gpu_seconds": RUN,
    "kvjob_wasted_seconds": (*RUN, "cause"),
    "kvjob_study_runs": ("study", "state"),
    "kvjob_study_planned_runs": ("study",),
    "kvjob_cost": ("study",),
    "kvjob_pods_waiting": ("study", "reason"),
    "kvjob_gpus": ("state",),
    "kvjob_exporter_up_to_date_timestamp_seconds": (),
    "kvjob_exporter_store_up": (),
    "kvjob_exporter_cluster_up": (),
    "kvjob_exporter_listing_seconds": (),
    "kvjob_exporter_objects": (),
}
