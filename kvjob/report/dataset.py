"""Whether a study ran on the images that published values are of, as far as its store can tell."""

from typing import Literal

from kvjob.records.known import known_data
from kvjob.report.read import StudyData

DatasetKind = Literal["official counts", "synthetic", "other"]
"""`official counts`: as many images as Kvasir-Instrument's official split has, under names that do not say
they were made up; that they are those very images, nobody but the user knows."""


def dataset_kind(data: StudyData) -> DatasetKind:
    """What the study's data set is, by the number of its images and the names of those that were scored."""
    scored = next((run.counts.index for run in data.runs if run.counts is not None), ())
    known = known_data(scored, data.record.image_counts)
    return "official counts" if known == "kvasir" else known or "other"


def described(kind: DatasetKind, counts: dict[str, int]) -> str:
    """The data set in words, without an article's capital."""
    images = f"{counts.get('train', 0)} training and {counts.get('test', 0)} test images"
    return {
        "official counts": f"{images}, as in Kvasir-Instrument’s official split",
        "synthetic": f"synthetic scenes, {images}",
        "other": f"{images}, not Kvasir-Instrument in its official split",
    }[kind]
