import json
from pathlib import Path

import pytest

from kvjob.errors import ConfigurationError
from kvjob.experiments import CATALOGUE
from kvjob.report.published import BUILT_IN, load_published


def test_every_place_is_a_level_of_the_catalogue():
    for table in load_published().paper.tables:
        assert list(table.levels) == [level.name for level in CATALOGUE[table.experiment].levels]


def test_only_what_has_a_source_is_filled_in():
    filled = {
        (table.experiment, level, score): value
        for table in load_published().paper.tables
        for level, scores in table.levels.items()
        for score, value in scores.model_dump().items()
        if value is not None
    }
    assert filled == {("optimizer", "rmsprop", "iou"): 0.8889, ("optimizer", "rmsprop", "dice"): 0.9394}
    assert all(result.source for result in load_published().others.results)


def test_a_completed_copy_is_read(tmp_path: Path):
    values = json.loads(BUILT_IN.read_text())
    values["paper"]["tables"][0]["levels"]["none"]["iou"] = 0.5
    copy = tmp_path / "mine.json"
    copy.write_text(json.dumps(values))
    assert load_published(copy).scores("augmentation", "none").iou == 0.5
    assert load_published(copy).scores("augmentation", "unheard") is None
    assert load_published(copy).scores("encoder", "resnet50") is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda values: values["paper"]["tables"][0]["levels"]["none"].update(iou=88.9), "iou"),
        (lambda values: values["paper"]["tables"][0]["levels"]["none"].update(f1=0.9), "f1"),
        (lambda values: values.update(format=2), "format"),
        (lambda values: values.pop("paper"), "paper"),
    ],
)
def test_a_copy_of_another_shape_is_refused_by_field(tmp_path: Path, change, named: str):
    values = json.loads(BUILT_IN.read_text())
    change(values)
    copy = tmp_path / "mine.json"
    copy.write_text(json.dumps(values))
    with pytest.raises(ConfigurationError, match=named):
        load_published(copy)


def test_a_file_that_is_not_there_or_not_json_is_refused(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="No such file"):
        load_published(tmp_path / "gone.json")
    (tmp_path / "text.json").write_text("Table II")
    with pytest.raises(ConfigurationError, match="Invalid JSON"):
        load_published(tmp_path / "text.json")
