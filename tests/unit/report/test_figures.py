import hashlib
import io
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from PIL import Image
from pypdf import PdfReader

from kvjob.data import DatasetManifest
from kvjob.records import layout
from kvjob.records.checkpoint import FileSum
from kvjob.records.document import write_document
from kvjob.report.figures import DARK, Tiles, draw, inline, overview, plan_figures
from kvjob.report.figures.curves import curve_lines
from kvjob.report.figures.direct import spread
from kvjob.report.figures.overlay import MISSED, RIGHT, TOO_MUCH, overlay
from kvjob.report.figures.style import CHARCOAL, MUTED, looks
from kvjob.report.published import load_published
from kvjob.report.read import StudyData, read_data
from kvjob.report.summary import summarise
from kvjob.study import Experiment
from tests.unit.report.example import DATASET, NOW, MemoryStore, diverge, finish, make_study, start

LABEL = 'A "label" <i> in #1f2328'
PAPER = ("resolution", "augmentation", "optimizer", "activation")


def read(store: MemoryStore) -> StudyData:
    return read_data(store, "paper", NOW)


def figure(store: MemoryStore, name: str):
    """The drawing of that name; None if there is nothing to draw."""
    data = read(store)
    planned = plan_figures(data, summarise(data, load_published()))
    return draw(data, next(item for item in planned if item.name == name))


def test_the_papers_figures_have_its_numbers_and_others_go_on_from_14(store: MemoryStore):
    make_study(store, *PAPER, "encoder")
    data = read(store)
    names = [item.name for item in plan_figures(data, summarise(data, load_published()))]
    assert sorted(names) == [
        "figure-01-augmentations",
        "figure-02-loss-by-resolution",
        "figure-03-accuracy-by-resolution",
        "figure-04-iou-by-resolution",
        "figure-05-dice-by-resolution",
        "figure-06-precision-by-resolution",
        "figure-07-recall-by-resolution",
        "figure-08-predictions-by-resolution",
        "figure-09-bars-by-augmentation",
        "figure-10-augmented",
        "figure-11-iou-by-augmentation",
        "figure-12-iou-by-optimizer",
        "figure-13-iou-by-activation",
        "figure-14-bars-by-resolution",
        "figure-15-bars-by-optimizer",
        "figure-16-predictions-by-optimizer",
        "figure-17-bars-by-activation",
        "figure-18-predictions-by-activation",
        "figure-19-panels-by-encoder",
        "figure-20-bars-by-encoder",
        "figure-21-predictions-by-encoder",
        *(
            f"figure-{22 + 2 * place + second}-{kind}-by-{name}"
            for place, name in enumerate(("resolution", "augmentation", "optimizer", "activation", "encoder"))
            for second, kind in enumerate(("extremes", "disputed"))
        ),
    ]


def test_nothing_is_drawn_before_the_first_epoch(store: MemoryStore):
    make_study(store, "optimizer", "encoder")
    data = read(store)
    summaries = summarise(data, load_published())
    assert [draw(data, item) for item in plan_figures(data, summaries)] == [None] * 10
    assert overview(summaries) is None


def test_curves_are_drawn_while_a_run_is_still_training(store: MemoryStore):
    start(store, make_study(store, "optimizer").runs[0], epochs=1)
    drawn = figure(store, "figure-12-iou-by-optimizer")
    assert "Adam (baseline, running)" in texts(drawn.figure)
    assert "after 1 epochs (running)" in drawn.alt
    assert figure(store, "figure-14-bars-by-optimizer") is None


def test_seeds_that_did_not_finish_stay_out_of_the_mean_and_are_drawn_beside_it(store: MemoryStore):
    plan = make_study(store, "optimizer", seeds=3)
    finish(store, plan.runs[0], epochs=5, samples=1, side=16)
    finish(store, plan.runs[1], epochs=3, samples=1, side=16)
    diverge(store, plan.runs[2], epochs=2)
    (line,) = curve_lines(read(store), plan.study.experiments[0], "iou", "validation")
    assert line.values.shape == (2, 5)
    assert line.complete == 3
    assert [len(values) for values in line.others] == [2]
    assert [epoch for epoch, _ in line.diverged] == [2]
    assert [epoch for epoch, _ in line.best] == [4, 3]
    assert "Cross: the loss stopped being finite." in figure(store, "figure-12-iou-by-optimizer").caption


def test_a_loss_that_falls_by_orders_of_magnitude_is_drawn_on_a_logarithmic_axis(store: MemoryStore):
    plan = make_study(store, "resolution")
    start(store, plan.runs[0], epochs=3)
    key = layout.run(plan.runs[0].key, "history.json")
    assert figure(store, "figure-02-loss-by-resolution").figure.axes[0].get_yscale() == "linear"
    store.write(key, store.read(key).replace(b'"loss": 0.', b'"loss": 900.', 1))
    assert figure(store, "figure-02-loss-by-resolution").figure.axes[0].get_yscale() == "log"


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 1), (1, 2), (3, 2), (3, 60)])
def test_direct_labels_cover_neither_each_other_nor_the_curves(store: MemoryStore, seeds: int, epochs: int):
    for run in make_study(store, "optimizer", seeds=seeds).runs:
        finish(store, run, epochs=epochs, samples=1, side=16, quality=0.3)
    drawn = figure(store, "figure-12-iou-by-optimizer").figure
    drawn.canvas.draw()
    names = [text for text in drawn.axes[1].texts if text.get_text()]
    boxes = sorted((text.get_window_extent() for text in names), key=lambda box: box.y0)
    assert len(boxes) == 3
    assert all(below.y1 <= above.y0 for below, above in pairwise(boxes))
    assert all(box.x0 > drawn.axes[1].get_window_extent().x1 for box in boxes)
    assert all(box.x1 <= drawn.bbox.x1 for box in boxes)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.01, 0.08))
def test_labels_keep_their_order_their_distance_and_stay_within(wanted: list[float], gap: float):
    placed = spread(np.array(wanted), gap)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(placed[order]) >= gap - 1e-9).all()
    assert placed.min() >= -1e-9
    assert placed.max() <= 1 + 1e-9


def test_labels_that_do_not_collide_stay_where_they_want_to_be():
    assert spread(np.array([0.9, 0.1, 0.5]), 0.1).tolist() == [0.9, 0.1, 0.5]


def test_a_level_has_one_colour_and_the_baseline_is_charcoal(mixed: MemoryStore):
    data = read(mixed)
    found = looks(data, data.plan.study.experiments[0])
    assert found["none"].colour == CHARCOAL
    assert len({(look.colour, look.dashes) for look in found.values()}) == 4
    assert all(look.colour in DARK for look in found.values())


def test_numbers_get_a_ramp_in_their_order_whatever_the_order_of_levels(store: MemoryStore):
    levels = [0.1, 0.001, 0.01]
    own = Experiment.model_validate({"name": "rate", "factor": "learning_rate", "levels": levels})
    make_study(store, own, base={"learning_rate": 0.001})
    data = read(store)
    found = looks(data, data.plan.study.experiments[0])
    shades = [
        sum(int(found[name].colour[i : i + 2], 16) for i in (1, 3, 5)) for name in ("0.001", "0.01", "0.1")
    ]
    assert found["0.001"].colour == CHARCOAL
    assert shades[1:] == sorted(shades[1:])


def test_more_levels_than_colours_are_told_apart_by_dashes(store: MemoryStore):
    levels = [{"name": f"e{i}", "label": f"Encoder {i}", "changes": {"encoder": f"e{i}"}} for i in range(20)]
    make_study(store, Experiment.model_validate({"name": "enc", "factor": "encoder", "levels": levels}))
    data = read(store)
    found = looks(data, data.plan.study.experiments[0])
    assert len({(look.colour, look.dashes) for look in found.values()}) == 21


def test_more_lines_than_a_panel_holds_get_a_panel_each_with_the_others_in_grey(store: MemoryStore):
    levels = [{"name": f"e{i}", "label": f"Encoder {i}", "changes": {"encoder": f"e{i}"}} for i in range(6)]
    own = Experiment.model_validate({"name": "enc", "factor": "encoder", "levels": levels})
    for run in make_study(store, own, base={"encoder": "e2"}, seeds=2).runs:
        finish(store, run, epochs=4, samples=1, side=16)
    drawn = figure(store, "figure-14-panels-by-enc")
    panels = [axes for axes in drawn.figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left").split()[1] for axes in panels] == list("012345")
    assert panels[2].get_title(loc="left") == "Encoder 2 (baseline)"
    for axes in panels:
        assert [line.get_color() for line in axes.lines].count(MUTED) == 5
    assert "Each panel has one level, and the others in grey." in drawn.caption
    assert "mean over 2 seeds; band: all of them, from lowest to highest" in drawn.caption


def test_long_names_and_dollar_signs_are_drawn_as_text(store: MemoryStore):
    levels = [{"name": "a", "label": r"$\frac{1$ " + "x" * 90, "changes": {"loss": "dice"}}]
    own = Experiment.model_validate({"name": "own", "title": r"\$ $x_$", "factor": "loss", "levels": levels})
    for run in make_study(store, own).runs:
        finish(store, run, epochs=2, samples=1, side=16)
    for name in ("figure-14-panels-by-own", "figure-15-bars-by-own", "figure-16-predictions-by-own"):
        drawn = figure(store, name)
        assert any(text.startswith(r"$\frac{1$") for text in texts(drawn.figure)), name
        assert drawn.png().startswith(b"\x89PNG")


def test_bars_keep_a_place_for_a_level_without_a_result(mixed: MemoryStore):
    drawn = figure(mixed, "figure-14-bars-by-optimizer")
    assert texts(drawn.figure).count("1 diverged, 1 failed") == 1
    assert "SGD with momentum 1 diverged, 1 failed" in drawn.alt


def test_predictions_keep_a_column_for_a_level_without_a_result(mixed: MemoryStore):
    drawn = figure(mixed, "figure-15-predictions-by-optimizer")
    assert texts(drawn.figure).count("diverged\nfailed") == 2
    assert sum(text.startswith("IoU ") for text in texts(drawn.figure)) == 4


def test_a_missing_picture_is_said_in_its_place(store: MemoryStore):
    plan = make_study(store, "optimizer")
    for run in plan.runs:
        finish(store, run, epochs=2, samples=1, side=16)
    store.delete(layout.sample(plan.runs[1].key, "0-probability.png"))
    store.write(layout.sample(plan.runs[2].key, "0-image.png"), b"no picture")
    assert texts(figure(store, "figure-15-predictions-by-optimizer").figure).count("unreadable") == 2


def test_the_overlay_colours_what_was_found_what_was_not_and_what_was_too_much():
    image = np.zeros((1, 4, 3), np.uint8)
    mask = np.array([[255, 255, 0, 0]], np.uint8)
    probability = np.array([[128, 127, 128, 127]], np.uint8)
    found = overlay(image, mask, probability)[0]
    expected = [
        [round(0.75 * int(colour[i : i + 2], 16)) for i in (1, 3, 5)] for colour in (RIGHT, MISSED, TOO_MUCH)
    ]
    assert found.tolist() == [*expected, [0, 0, 0]]


def test_augmentations_are_shown_on_the_data_sets_own_images(store: MemoryStore):
    make_study(store, "augmentation", base={"input_size": 64})
    assert figure(store, "figure-01-augmentations") is None
    pack(store, side=64)
    drawn = figure(store, "figure-01-augmentations")
    assert {"None (baseline)", "Horizontal flip", "Gaussian blur", "scene-3", "mask"} <= set(
        texts(drawn.figure)
    )
    pictures = [image.get_array() for axes in drawn.figure.axes for image in axes.images]
    assert len(pictures) == 16
    plain, flipped, brighter, blurred = pictures[:4]
    assert (flipped == plain[:, ::-1]).all()
    assert (brighter != plain).any()
    assert (blurred != plain).any()
    assert (pictures[5] == pictures[4][:, ::-1]).all(), "the mask is flipped with its image"


def test_a_drawing_has_the_same_bytes_every_time(mixed: MemoryStore):
    first, second = (figure(mixed, "figure-15-predictions-by-optimizer") for _ in range(2))
    assert first.svg() == second.svg() == first.svg()
    assert first.png() == second.png()
    assert b"dc:date" not in first.svg()


@pytest.mark.parametrize("kind", ["figure-12-iou-by-optimizer", "figure-15-predictions-by-optimizer"])
def test_a_pdf_holds_the_outlines_of_its_letters_and_no_date(mixed: MemoryStore, kind: str):
    drawn = figure(mixed, kind)
    data = drawn.pdf()
    assert data == figure(mixed, kind).pdf()
    reader = PdfReader(io.BytesIO(data))
    assert set(reader.metadata or ()) == {"/Title"}
    (page,) = reader.pages
    assert [float(side) / 72 for side in page.mediabox[2:]] == pytest.approx(drawn.figure.get_size_inches())
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        assert font["/Subtype"] == "/Type0", "Type 3 fonts are refused by publishers"
        (inner,) = (each.get_object() for each in font["/DescendantFonts"])
        assert inner["/Subtype"] == "/CIDFontType2", "TrueType"
        assert len(inner["/FontDescriptor"].get_object()["/FontFile2"].get_object().get_data()) > 1000
        assert "+DejaVuSans" in font["/BaseFont"], "a subset"


def test_letters_beyond_the_small_font_are_drawn_too(store: MemoryStore):
    levels = [{"name": "a", "label": "Жук", "changes": {"loss": "dice"}}]
    own = Experiment.model_validate({"name": "own", "factor": "loss", "levels": levels})
    for run in make_study(store, own).runs:
        finish(store, run, epochs=2, samples=1, side=16)
    (page,) = PdfReader(io.BytesIO(figure(store, "figure-15-bars-by-own").pdf())).pages
    assert "Жук" in page.extract_text()


def test_png_is_at_200_dpi(mixed: MemoryStore):
    with Image.open(io.BytesIO(figure(mixed, "figure-12-iou-by-optimizer").png())) as image:
        assert image.width == 1440
        assert round(image.info["dpi"][0]) == 200


def test_inlined_figures_share_pictures_and_letters_but_no_ids(mixed: MemoryStore):
    svg = figure(mixed, "figure-15-predictions-by-optimizer").svg()
    tiles = Tiles()
    elements = [ET.fromstring(inline(svg, name, LABEL, tiles)) for name in ("one", "two")]
    ids = [{item.get("id") for item in element.iter() if item.get("id")} for element in elements]
    assert ids[0]
    assert not ids[0] & ids[1]
    known = {f"#{name}" for name in ids[0]} | {f"#{name}" for name, _, _ in tiles.definitions()}
    known |= {f"#{name}" for name in tiles.letters}
    assert tiles.letters
    assert {item.get("href") for item in elements[0].iter() if item.get("href")} <= known
    assert elements[0].get("aria-label") == LABEL
    assert len(tiles.files) == len(list(tiles.definitions()))
    assert not [item for item in elements[0].iter() if item.tag in ("image", "style", "metadata")]


def texts(drawn) -> list[str]:
    return [text.get_text() for text in drawn.findobj(Text) if text.get_text()]


def pack(store: MemoryStore, side: int) -> None:
    """Five images of noise, each with a larger mask than the one before."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (5, side, side, 3), dtype=np.uint8)
    masks = np.zeros((5, side, side), np.uint8)
    for number, mask in enumerate(masks):
        mask[:, : 5 * (number + 1)] = 1
    files = {}
    for name, array in ((f"images-{side}.npy", images), (f"masks-{side}.npy", masks)):
        out = io.BytesIO()
        np.save(out, array)
        data = out.getvalue()
        store.write(layout.dataset(DATASET, name), data)
        files[name] = FileSum(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    manifest = DatasetManifest(
        dataset=DATASET, names=tuple(f"scene-{i}" for i in range(5)), train=(0, 1, 2, 3), test=(4,),
        native_sizes=((side, side),) * 5, mask_shares=(0.1, 0.2, 0.3, 0.4, 0.5), files=files,
    )  # fmt: skip
    write_document(store, layout.dataset(DATASET, "manifest.json"), manifest)


def test_what_is_for_one_column_fits_into_it_and_its_type_is_not_too_small(store: MemoryStore):
    for run in make_study(store, "optimizer", "encoder", seeds=2).runs:
        finish(store, run, epochs=3, samples=1, side=16)
    data = read(store)
    summaries = summarise(data, load_published())
    drawn = [draw(data, item) for item in plan_figures(data, summaries)]
    narrow = [each for each in (overview(summaries), *drawn) if each and each.column]
    assert [each.name for each in narrow] == [
        "figure-00-overview",
        "figure-12-iou-by-optimizer",
        "figure-14-bars-by-optimizer",
        *(f"figure-{number}-by-encoder" for number in ("16-panels", "17-bars")),
    ]
    for each in narrow:
        box = PdfReader(io.BytesIO(each.column_pdf())).pages[0].mediabox
        assert box.width / 72 == pytest.approx(3.4)
        each.column.canvas.draw()
        shown = [text for text in each.column.findobj(Text) if text.get_text().strip() and text.get_visible()]
        assert min(text.get_fontsize() for text in shown) >= 6
        edge = each.column.bbox
        for text in each.column.texts + [text for axes in each.column.axes for text in axes.texts]:
            extent = text.get_window_extent()
            assert edge.x0 - 1 <= extent.x0 <= extent.x1 <= edge.x1 + 1, text.get_text()
