"""The model card: what a stranger must know before using the model.

Its front matter is Hugging Face's (https://huggingface.co/docs/hub/model-cards), its sections are those of
Mitchell et al. 2019 (arXiv:1810.03993).
"""

import re
from functools import cache

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from kvjob.errors import shown
from kvjob.inference.origin import Origin
from kvjob.inference.record import ExportRecord, Interval
from kvjob.inference.snippets import ONNX, TORCH
from kvjob.study.scores import SCORES

TITLES = {
    "iou": "IoU",
    "dice": "Dice",
    "precision": "Precision",
    "recall": "Recall",
    "accuracy": "Accuracy",
}
HUB_METRICS = {name: name for name in SCORES} | {"iou": "mean_iou", "dice": "f1"}
"""The scores by the names of Hugging Face's metrics."""


def model_card(record: ExportRecord, origin: Origin, worst: list[tuple[str, float]]) -> str:
    """The card as Markdown; equal exports have equal cards.

    Args:
        record: of the export.
        origin: of its data set.
        worst: names of the test images with the lowest IoU, and it.
    """
    title = f"DeepLabV3+ {record.run.config.encoder}, run {shown(record.run.key, kept='')}"
    return _template().render(
        front_matter=_front_matter(record, origin, title),
        record=record,
        config=record.run.config,
        origin=origin,
        worst=worst,
        scores=SCORES,
        titles=TITLES,
        facts=_facts(record),
        snippets={"onnx": ONNX, "torch": TORCH},
        tolerance=max((found.tolerance for found in record.agreement.values()), default=0.0),
    )


def _front_matter(record: ExportRecord, origin: Origin, title: str) -> str:
    values: dict[str, object] = {"license": origin.licence_id}
    if origin.licence_id == "other":
        values |= {
            "license_name": "kvasir-instrument-research-and-education",
            "license_link": "https://datasets.simula.no/kvasir-instrument/",
        }
    dataset = {"type": origin.kind, "name": origin.name, "split": "test", "revision": record.data.dataset}
    metrics = [
        {
            "type": HUB_METRICS[name],
            "name": f"{TITLES[name]} ({definition.replace('_', ' ')})",
            "value": round(of[name].value, 6),
        }
        for definition, of in (
            ("mean_over_images", record.test.mean_over_images),
            ("over_all_pixels", record.test.over_all_pixels),
        )
        for name in SCORES
    ]
    values |= {
        "library_name": "onnx",
        "pipeline_tag": "image-segmentation",
        "tags": ["medical", "endoscopy", "deeplabv3plus", "onnx", "torchscript", "kvjob"],
        "datasets": [origin.kind],
        "metrics": sorted(set(HUB_METRICS.values())),
        "model-index": [
            {
                "name": title,
                "results": [{"task": {"type": "image-segmentation"}, "dataset": dataset, "metrics": metrics}],
            }
        ],
    }
    return f"---\n{yaml.safe_dump(values, sort_keys=False, allow_unicode=True)}---\n"


def _facts(record: ExportRecord) -> list[tuple[str, str]]:
    run, environment = record.run, record.run.environment
    facts = [
        ("Run", f"{code(run.key)}, {run.chosen}"),
        ("Study", code(run.study) if run.study else ""),
        ("Training", f"best epoch {run.best_epoch} of {run.epochs}, seed {run.config.seed}"),
        ("Validation IoU", "" if run.validation_iou is None else f"{run.validation_iou:.4f}"),
        ("Configuration", code(run.config.canonical())),
        ("Data set", code(record.data.dataset)),
        ("Code that trained", code(run.code)),
        ("Code that exported", code(record.exporter_code)),
        ("Parameters", f"{record.parameters:,}"),
        ("ONNX operators", f"version {record.opset}"),
    ]
    if environment is not None:
        facts += [
            ("Trained by", f"kvjob {environment.kvjob}, Python {environment.python}, {environment.platform}"),
            ("Container image", environment.image),
            ("Trained on", " ".join(part for part in (environment.device, environment.cuda) if part)),
            ("Trained with", _versions(environment.libraries)),
        ]
    facts += [("Exported with", _versions(record.exporter))]
    facts += [
        (code(name), f"{entry.size:,} bytes, sha256 {code(entry.sha256)}")
        for name, entry in record.files.items()
    ]
    safe = {"Trained by", "Container image", "Trained on", "Trained with", "Exported with"}
    told = [(name, code(value) if name in safe else value) for name, value in facts if value]
    return [(name, value.replace("|", "\\|")) for name, value in told]


def _versions(libraries: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(libraries.items()))


def code(text: str) -> str:
    """Text as a code span, in which nothing means anything: neither Markdown nor HTML."""
    plain = shown(text, kept="")
    fence = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    padding = " " if plain.startswith("`") or plain.endswith("`") or not plain.strip() else ""
    return f"{fence}{padding}{plain}{padding}{fence}"


def _interval(found: Interval) -> str:
    return "one image" if found.low is None else f"{found.low:.4f} to {found.high:.4f}"


@cache
def _template() -> Template:
    # Markdown: what others wrote goes through `code`
    environment = Environment(
        loader=PackageLoader("kvjob.inference"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "code": code,
        "interval": _interval,
        "score": lambda found: f"{found.value:.4f}",
    }
    return environment.get_template("card.md.j2")
