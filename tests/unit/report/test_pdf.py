import sys
from pathlib import Path

import pypdf
import pypdfium2
import pytest

from kvjob.errors import ConfigurationError
from kvjob.report import build_report
from kvjob.report.pdf import add_pdf
from kvjob.study import Experiment
from tests.unit.report.conftest import EVIL
from tests.unit.report.example import NOW, MemoryStore, finish, make_study

try:
    import weasyprint  # noqa: F401
except OSError:
    pytest.skip("Pango is not on this machine", allow_module_level=True)

MARGIN = 16 / 25.4 * 72
SEEN = (pypdfium2.raw.FPDF_PAGEOBJ_TEXT, pypdfium2.raw.FPDF_PAGEOBJ_IMAGE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with names that are long and hostile, and its PDF."""
    store = MemoryStore()
    levels = [
        {"name": "bce", "label": EVIL, "changes": {"loss": "bce"}},
        {"name": "dice", "label": "x" * 90, "changes": {"loss": "dice"}},
    ]
    own = Experiment.model_validate(
        {"name": "own", "title": "A question of my own", "factor": "loss", "levels": levels}
    )
    plan = make_study(store, own, title="Which loss?", seeds=2)
    for run in plan.runs:
        finish(store, run, epochs=3, images=12, samples=1, side=32)
    folder = build_report(store, "paper", tmp_path_factory.mktemp("pdf") / "out", now=NOW).parent
    add_pdf(folder)
    return folder


@pytest.fixture(scope="module")
def read(folder: Path) -> pypdf.PdfReader:
    return pypdf.PdfReader(folder / "report.pdf")


def titles(outline: list) -> list[str]:
    return [
        title for item in outline for title in (titles(item) if isinstance(item, list) else [item["/Title"]])
    ]


def words(page: pypdf.PageObject) -> str:
    return " ".join(page.extract_text().split())


def test_it_has_the_title_the_sections_and_a_number_on_every_page(read: pypdf.PdfReader):
    assert read.metadata is not None
    assert read.metadata.title == "Which loss?"
    assert {"State of the study", "A question of my own", "Runs", "Provenance"} <= set(titles(read.outline))
    count = len(read.pages)
    for number, page in enumerate(read.pages, 1):
        assert f"{number} of {count}" in words(page)
        assert "Which loss?" in words(page), "running title"


def test_its_table_of_contents_leads_to_pages(read: pypdf.PdfReader):
    first = read.pages[0]
    assert "CONTENTS" in words(first).upper()
    links = [item.get_object() for item in first["/Annots"]]
    targets = [link["/A"]["/D"] if "/A" in link else link.get("/Dest") for link in links]
    assert {"findings", "experiment-own", "provenance"} <= set(map(str, targets))
    assert {"findings", "experiment-own", "provenance"} <= set(read.named_destinations)


def test_every_font_is_within(read: pypdf.PdfReader):
    fonts = [
        font.get_object() for page in read.pages for font in page["/Resources"].get("/Font", {}).values()
    ]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor)


def test_nothing_is_cut_at_the_edge_of_a_page(folder: Path):
    for page in pypdfium2.PdfDocument(folder / "report.pdf"):
        width, height = page.get_size()
        items = [item.get_bounds() for item in page.get_objects(max_depth=1) if item.type in SEEN]
        assert items
        assert all(left > MARGIN - 1 and right < width - MARGIN + 1 for left, _, right, _ in items)
        assert all(bottom > 0 and top < height for _, bottom, _, top in items)


def test_names_are_text_in_it(folder: Path, read: pypdf.PdfReader):
    assert '<script>alert("x")</script>' in " ".join(map(words, read.pages))
    assert "/JavaScript" not in read.trailer["/Root"].get("/Names", {})


def test_the_same_report_gives_the_same_bytes(folder: Path):
    before = (folder / "report.pdf").read_bytes()
    assert add_pdf(folder).read_bytes() == before


def test_the_page_is_not_changed_by_it(folder: Path):
    assert "<svg" in (folder / "index.html").read_text(encoding="utf-8")
    assert not (folder / ".report.pdf").exists()


def test_where_pango_is_missing_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch):
    class Missing:
        def find_spec(self, name, path=None, target=None):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(ConfigurationError, match="apt-get install libpango-1.0-0 libpangoft2-1.0-0"):
        add_pdf(folder)
    assert (folder / "index.html").is_file()


def test_it_reads_no_file_outside_the_report(tmp_path: Path):
    secret = tmp_path / "secret.svg"
    secret.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>'
    )
    other = tmp_path / "other"
    other.mkdir()
    (other / "index.html").write_text(f'<title>x</title><img src="{secret.as_uri()}" alt="not read">')
    assert "not read" in words(pypdf.PdfReader(add_pdf(other)).pages[0])
