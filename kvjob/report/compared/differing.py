"""What is not the same in two studies: configuration, data, code, libraries, machines."""

from collections.abc import Iterable

from kvjob.report.compared.document import Differing
from kvjob.report.compared.match import Place
from kvjob.report.read import StudyData


def differing(a: StudyData, b: StudyData) -> tuple[Differing, ...]:
    """Everything that differs, what decides results first."""
    ours, theirs = _facts(a), _facts(b)
    names = dict.fromkeys([*ours, *theirs])
    found = (Differing(name=name, a=ours.get(name, ""), b=theirs.get(name, "")) for name in names)
    return tuple(each for each in found if each.a != each.b)


def own_fields(a: Place, b: Place, base: Iterable[str]) -> list[str]:
    """Fields in which a level's configurations differ though the studies' bases do not, in words."""
    ours, theirs = (place.config.model_dump(mode="json") if place.config else {} for place in (a, b))
    fields = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    return [f"{name} is {ours[name]} in A and {theirs[name]} in B" for name in fields if name not in base]


def base_fields(a: StudyData, b: StudyData) -> set[str]:
    """Fields of the base configuration that differ."""
    ours, theirs = _base(a), _base(b)
    return {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}


def _facts(data: StudyData) -> dict[str, str]:
    environments = [run.environment for run in data.runs if run.environment]
    images = data.record.image_counts
    libraries = sorted({name for each in environments for name in each.libraries})
    return {
        **{name: str(value) for name, value in _base(data).items()},
        "seeds": str(data.plan.study.seeds),
        "data set": data.plan.dataset,
        "images": ", ".join(f"{count} {part}" for part, count in sorted(images.items())),
        "code": data.plan.code,
        "kvjob": _distinct(each.kvjob for each in environments),
        "device": _distinct(each.device for each in environments),
        "CUDA": _distinct(each.cuda for each in environments),
        "container image": _distinct(each.image for each in environments),
        "Python": _distinct(each.python for each in environments),
        "platform": _distinct(each.platform for each in environments),
        **{name: _distinct(each.libraries.get(name, "") for each in environments) for name in libraries},
    }


def _base(data: StudyData) -> dict[str, object]:
    # the plan has the runs of the base configuration first
    config = data.plan.runs[0].config.model_dump(mode="json")
    return {name: value for name, value in config.items() if name != "seed"}


def _distinct(values: Iterable[str]) -> str:
    return "; ".join(sorted({value for value in values if value}))
