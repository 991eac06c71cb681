"""What a study leaves in the store."""

from pydantic import AwareDatetime

from kvjob.errors import ConfigurationError
from kvjob.records import layout
from kvjob.records.document import Document, read_document
from kvjob.store import KeyMissing, Store
from kvjob.study.plan import Plan


class StudyRecord(Document):
    """`plan.json`: the study as it was last planned."""

    plan: Plan
    planned: AwareDatetime
    image_counts: dict[str, int]
    """Number of images in `train` and `test` of the data set."""


def read_study(store: Store, name: str) -> StudyRecord:
    """The study of that name; ConfigurationError lists those the store has."""
    try:
        return read_document(store, layout.study(name, "plan.json"), StudyRecord)
    except KeyMissing:
        names = sorted({entry.key.split("/")[1] for entry in store.list(layout.STUDIES)})
        raise ConfigurationError(
            f"no study {name!r} in this store",
            where=store.url,
            fix=f"Choose one of {', '.join(names)}" if names else "Plan one with `kvjob plan` or `kvjob run`",
        ) from None
