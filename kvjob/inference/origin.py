"""Where a data set comes from, as far as its manifest tells, and what its licence asks."""

from dataclasses import dataclass

from kvjob.data import DatasetManifest
from kvjob.records.known import known_data

CITATION = """@inproceedings{jha2021kvasir,
  title = {Kvasir-Instrument: Diagnostic and Therapeutic Tool Segmentation Dataset
    in Gastrointestinal Endoscopy},
  author = {Jha, Debesh and Ali, Sharib and Emanuelsen, Krister and Hicks, Steven A. and
    Thambawita, Vajira and Garcia-Ceja, Enrique and Riegler, Michael A. and de Lange, Thomas and
    Schmidt, Peter T. and Johansen, H{\\aa}vard D. and Johansen, Dag and Halvorsen, P{\\aa}l},
  booktitle = {MultiMedia Modeling},
  pages = {218--229},
  publisher = {Springer},
  year = {2021},
  doi = {10.1007/978-3-030-67835-7_19}
}"""


@dataclass(frozen=True, slots=True)
class Origin:
    """A data set in words."""

    kind: str
    """`kvasir-instrument`, `synthetic` or `unknown`."""
    name: str
    about: str
    """What the images are: sentences."""
    licence: str
    """What may be done with them, and so with a model of them: sentences."""
    licence_id: str
    """Licence of the model in the front matter of a card."""
    citation: str = ""
    """BibTeX."""


KVASIR = Origin(
    kind="kvasir-instrument",
    name="Kvasir-Instrument",
    about="590 frames of gastrointestinal endoscopies that show an instrument (snares, balloons, biopsy\n"
    "forceps and others), with masks that two experts verified (Jha et al. 2021).",
    licence="The use of Kvasir-Instrument is restricted to research and education; commercial use is\n"
    "forbidden without prior written permission of its authors, and every publication that uses it or\n"
    "reports results on it has to cite Jha et al. (2021). A model that was trained on it is offered under\n"
    "the same terms. Their wording at https://datasets.simula.no/kvasir-instrument/ is what counts.",
    licence_id="other",
    citation=CITATION,
)

SYNTHETIC = Origin(
    kind="synthetic",
    name="kvjob synthetic scenes",
    about="Pictures that `kvjob data synth` drew: invented instruments before invented mucosa. No patient,\n"
    "no endoscope, no real tissue was ever before a camera.",
    licence="The pictures are made by kvjob (Apache-2.0) and carry no other right.",
    licence_id="apache-2.0",
)

UNKNOWN = Origin(
    kind="unknown",
    name="A data set of the user's",
    about="Neither the official split of Kvasir-Instrument nor scenes of `kvjob data synth`. What the\n"
    "images show and where they were taken is for whoever publishes this model to say.",
    licence="**Licence unknown to kvjob**: write here what the images' licence and the patients' consent\n"
    "allow before this model is given to anybody.",
    licence_id="unknown",
)


def origin_of(manifest: DatasetManifest) -> Origin:
    """The origin of a data set: told by the names of its images, then by the size of its split."""
    match known_data(manifest.names, manifest.image_counts):
        case "synthetic":
            return SYNTHETIC
        case "kvasir":
            return KVASIR
    return UNKNOWN
