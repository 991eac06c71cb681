"""What the fan-out of a study runs over: one item per run that has no result."""

from kvjob.cluster.memory import memory_request, quantity
from kvjob.records.state import run_states
from kvjob.records.study import StudyRecord
from kvjob.store import Store


def train_items(store: Store, record: StudyRecord, gpus: int) -> list[dict[str, str]]:
    """`key` and `memory` of every run to train, in the order of the plan.

    A run that failed is among them: somebody who submits a study again wants it tried again.

    Args:
        store: where the study lies.
        record: the study as planned.
        gpus: GPUs of a train pod.

    Raises:
        StoreError: the store cannot be read.
    """
    states = run_states(store, (run.key for run in record.plan.runs))
    images = sum(record.image_counts.values())
    return [
        {"key": run.key, "memory": quantity(memory_request(run.config, images, gpus))}
        for run in record.plan.runs
        if states[run.key].kind != "done"
    ]
