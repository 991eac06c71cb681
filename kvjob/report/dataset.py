"""Whether a study ran on the images that published values are of, as far as its store can tell."""

import re
from typing import Literal

from kvjob.report.read import StudyData

OFFICIAL_SPLIT = {"train": 472, "test": 118}
"""Images of Kvasir-Instrument."""
_SYNTHETIC = re.compile(r"scene\d{5,}")
"""Names that `kvjob data synth` gives."""

DatasetKind = Literal["official counts", "synthetic", "other"]
"""`official counts`: as many images as Kvasir-Instrument's official split has, under names that do not say
they were made up; that they are those very images, nobody but the user knows."""


def dataset_kind(data: StudyData) -> DatasetKind:
    """What the study's data set is, by the number of its images and the names of those that were scored."""
    scored = next((run.counts.index for run in data.runs if run.counts is not None), ())
    if len(scored) and all(_SYNTHETIC.fullmatch(str(name)) for name in scored):
        return "synthetic"
    return "official counts" if data.record.image_counts == OFFICIAL_SPLIT else "other"


def described(kind: DatasetKind, counts: dict[str, int]) -> str:
    """The data set in words, without an article's capital."""
    images = f"{counts.get('train', 0)} training and {counts.get('test', 0)} test images"
    return {
        "official counts": f"{images}, as in Kvasir-Instrument’s official split",
        "synthetic": f"synthetic scenes, {images}",
        "other": f"{images}, not Kvasir-Instrument in its official split",
    }[kind]
