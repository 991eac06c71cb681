import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from kvjob.report import build_report
from kvjob.study import Experiment
from tests.unit.report.conftest import EVIL
from tests.unit.report.example import NOW, MemoryStore, finish, make_study, start

VOID = {"meta", "br", "image", "path", "use", "link", "img", "input", "hr", "rect"}


class Outline(HTMLParser):
    """What a reader without eyes, or a strict server, would make of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        if not {"style", "svg"} & set(self.open):
            self.text.append(data)

    def all(self, name: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag == name]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def page(folder: Path) -> Outline:
    return Outline((folder / "index.html").read_text(encoding="utf-8"))


def report(store: MemoryStore, folder: Path) -> Outline:
    return page(build_report(store, "paper", folder / "out", now=NOW).parent)


@pytest.fixture(scope="module")
def mixed_page(mixed_report: Path) -> Outline:
    return page(mixed_report)


def test_it_has_no_script_and_no_handler(mixed_page: Outline):
    assert not mixed_page.all("script")
    names = {name for _, attributes in mixed_page.tags for name in attributes}
    assert not {name for name in names if name.startswith("on")}


def test_it_refers_to_nothing_outside_its_folder(mixed_report: Path, mixed_page: Outline):
    html = (mixed_report / "index.html").read_text(encoding="utf-8")
    for _, attributes in mixed_page.tags:
        for name in ("href", "src", "xlink:href", "action", "data", "srcset"):
            target = attributes.get(name, "")
            if target and not target.startswith(("#", "data:image/jpeg;base64,", "data:image/png;base64,")):
                assert ":" not in target
                assert not target.startswith("/")
                assert (mixed_report / target).is_file(), target
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_every_link_within_the_page_leads_somewhere_and_ids_are_unique(mixed_page: Outline):
    ids = [attributes["id"] for _, attributes in mixed_page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {
        attributes["href"] for _, attributes in mixed_page.tags if attributes.get("href", "").startswith("#")
    }
    assert links <= {f"#{name}" for name in ids}
    labels = {
        attributes["aria-labelledby"] for _, attributes in mixed_page.tags if "aria-labelledby" in attributes
    }
    assert labels <= set(ids)


def test_its_markup_is_balanced(mixed_page: Outline):
    assert not mixed_page.unbalanced
    assert not mixed_page.open


def test_it_can_be_read_without_eyes(mixed_page: Outline):
    assert mixed_page.all("html")[0]["lang"] == "en"
    headings = [int(tag[1]) for tag, _ in mixed_page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert headings.count(1) == 1
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    pictures = [item for item in mixed_page.all("svg") if item.get("aria-hidden") != "true"]
    assert pictures
    assert all(item["role"] == "img" and len(item["aria-label"]) > 40 for item in pictures)
    assert len(mixed_page.all("caption")) == len(mixed_page.all("table"))
    assert all(head.get("scope") in ("col", "row") for head in mixed_page.all("th"))
    regions = [item for _, item in mixed_page.tags if item.get("tabindex") == "0"]
    assert all(item["role"] == "region" and item["aria-label"] for item in regions)


def test_it_says_at_the_top_what_is_not_finished_and_why(mixed_page: Outline):
    words = mixed_page.words
    top = words[: words.rindex("Findings")]
    assert "7 of 12 runs have finished" in top
    assert "diverged : optimizer=sgd, seed 0. Loss not finite in epoch 4." in top
    defect = "defect of kvjob: RuntimeError: <shapes> do not match"
    assert f"failed : optimizer=sgd, seed 1. Attempt 1: {defect}." in top
    assert "missing : augmentation=brightness, seed 1. Never started." in top
    assert "interrupted : augmentation=brightness, seed 0. Attempt 1: interrupted after epoch 3." in top
    assert "running : augmentation=blur, seed 1. Epoch 3, seen 10 s ago." in top


def test_it_shows_the_published_values_there_are_and_says_which_are_not_at_hand(mixed_page: Outline):
    assert "as published not at hand not at hand 0.8889 0.9394 not at hand not at hand" in mixed_page.words
    assert "copy published.json , put numbers in place of null" in mixed_page.words


def test_it_says_how_to_make_it_again(mixed_page: Outline):
    words = mixed_page.words
    assert "kvjob run study.yaml --data data --store store --out report" in words
    assert "kvjob report paper --store store --out report" in words
    assert "torch 2.9.0" in words
    assert "Code cccccccccccc" in words
    assert "Device Example GPU" in words


def test_a_test_set_that_steered_training_is_called_out_in_red(store: MemoryStore, tmp_path: Path):
    plan = make_study(store, "optimizer", base={"protocol": "test-steered"})
    start(store, plan.runs[0], epochs=1)
    found = report(store, tmp_path)
    assert [item for item in found.all("p") if item.get("class") == "alarm"]
    assert "The test set steered training. 3 of 3 runs used protocol test-steered" in found.words
    assert "Adam baseline test-steered" in found.words


def test_a_held_out_test_set_is_not(mixed_page: Outline):
    assert not [item for item in mixed_page.all("p") if item.get("class") == "alarm"]
    assert "The test set steered training" not in mixed_page.words


def test_what_users_name_is_text_wherever_it_appears(store: MemoryStore, tmp_path: Path):
    levels = [{"name": "evil", "label": EVIL, "changes": {"loss": "dice"}}]
    own = Experiment.model_validate(
        {"name": "own", "title": EVIL, "question": EVIL, "factor": "loss", "unit": "<u>", "levels": levels}
    )
    plan = make_study(store, own, title=EVIL)
    finish(store, plan.runs[0], epochs=2, samples=1, side=16)
    start(store, plan.runs[1], epochs=1, cause="bug", message=EVIL)
    found = report(store, tmp_path)
    assert not found.all("script")
    assert not [item for item in found.all("b") if item] + found.all("u")
    assert found.words.count(EVIL) >= 6
    assert any(EVIL in item.get("aria-label", "") for item in found.all("svg"))


def test_a_study_without_a_single_run_still_has_a_page(store: MemoryStore, tmp_path: Path):
    make_study(store, "resolution", "augmentation")
    found = report(store, tmp_path)
    assert "0 of 7 runs have finished; none has been started." in found.words
    assert "No run has described its network yet." in found.words
    assert "Not drawn yet, because no run has left what they show: Figure 2, Figure 3" in found.words
    assert not found.all("figure")


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (118, "These can be compared with this study only if it ran on Kvasir-Instrument itself."),
        (
            12,
            "No comparison is drawn. This study ran on other images: 472 training and 12 test images, not",
        ),
    ],
)
def test_it_says_when_published_results_are_of_other_data(store: MemoryStore, tmp_path: Path, images, said):
    make_study(store, "optimizer", test_images=images)
    assert said in report(store, tmp_path).words
