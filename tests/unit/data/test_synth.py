"""The synthetic data set: repeatable, varied, exact, and never written over something else."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from kvjob.data import check, open_source, synthesize
from kvjob.data.synth import write
from kvjob.data.synth.frame import SIZES
from kvjob.data.synth.scene import draw_scene
from kvjob.errors import ConfigurationError, DataError


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def ten(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("synth") / "ten"
    synthesize(folder, 10, jobs=1)
    return folder


def test_it_is_a_data_set_without_faults_in_the_official_layout_and_shares(ten):
    with open_source(ten) as source:
        assert check(source) == []
        assert (len(source.train), len(source.test)) == (8, 2)
    masks = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in (ten / "masks").iterdir()]
    assert {mask.shape[2] for mask in masks} == {3}
    assert {value for mask in masks for value in np.unique(mask).tolist()} == {0, 255}


def test_the_number_of_threads_does_not_matter(ten, tmp_path):
    synthesize(tmp_path / "again", 10, jobs=4)
    assert files(tmp_path / "again") == files(ten)


def test_fewer_images_are_the_first_of_more(ten, tmp_path):
    synthesize(tmp_path / "five", 5)
    few, more = files(tmp_path / "five"), files(ten)
    assert {name: more[name] for name in few if "/" in name} == {n: d for n, d in few.items() if "/" in n}


def test_another_seed_draws_other_pictures():
    assert not np.array_equal(draw_scene(0, 0).image[:500, :500], draw_scene(1, 0).image[:500, :500])


def test_masks_mark_what_is_seen_and_cover_shares_like_the_real_ones():
    scenes = [draw_scene(5, index) for index in range(24)]
    shares = np.array([(scene.mask > 0).mean() for scene in scenes])
    assert shares.min() >= 0.004
    assert 0.05 < shares.mean() < 0.17
    assert len({scene.image.shape for scene in scenes}) >= 4
    for scene in scenes:
        assert scene.image.shape == (*scene.mask.shape, 3)
        assert (scene.mask.shape[1], scene.mask.shape[0]) in SIZES
        inside = scene.image[scene.mask > 0].astype(float)
        outside = scene.image[(scene.mask == 0) & (scene.image.max(axis=2) > 40)].astype(float)
        assert np.abs(inside.mean(axis=0) - outside.mean(axis=0)).max() > 3


def test_a_finished_set_is_not_drawn_again_and_another_replaces_it(ten, tmp_path, monkeypatch):
    folder = tmp_path / "set"
    synthesize(folder, 5)
    with monkeypatch.context() as patched:
        patched.setattr(write, "draw_scene", lambda *_: pytest.fail("drawn again"))
        synthesize(folder, 5)
    synthesize(folder, 10)
    assert files(folder) == files(ten)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_an_interrupted_call_leaves_nothing(tmp_path):
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesize(tmp_path / "set", 5, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.docx").write_text("x")
    for target in (tmp_path, tmp_path / "thesis.docx"):
        with pytest.raises(ConfigurationError, match="something else"):
            synthesize(target, 5)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


@pytest.mark.parametrize(
    ("name", "values"),
    [("images", {"images": 4}), ("images", {"images": 10**6}), ("seed", {"seed": -1}), ("jobs", {"jobs": 0})],
)
def test_numbers_out_of_range_are_refused(tmp_path, name, values):
    with pytest.raises(ConfigurationError, match=f"{name}: .* out of range"):
        synthesize(tmp_path / "set", **values)
    assert not (tmp_path / "set").exists()


def test_a_place_that_cannot_be_written_is_named():
    with pytest.raises(DataError, match="/dev/null/set"):
        synthesize(Path("/dev/null/set"), 5)


def test_a_picture_does_not_depend_on_where_memory_lies():
    held, drawn = [], set()
    for turn in range(6):
        held.append(np.full(1000 + 91 * turn, turn, np.uint8))  # what comes next lies elsewhere
        drawn.add(draw_scene(0, 3).image.tobytes())
    assert len(drawn) == 1
