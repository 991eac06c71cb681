"""`report.pdf`: the page as pages, made by WeasyPrint from a finished report's folder.

The page's own markup is laid out again under `templates/pdf.css`. Figures come from their SVG files, because
those on the page take colours and pictures from it. The fonts are those that matplotlib brings, so that
every machine makes the same document.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.request import url2pathname
from xml.etree.ElementTree import Element

import matplotlib as mpl

from kvjob.errors import ConfigurationError
from kvjob.report.write import INDEX

PDF = "report.pdf"
_STYLE = Path(__file__).with_name("templates") / "pdf.css"
_FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
_CHARACTER, _PADDING = 4.9, 5.0
"""Estimated width of a table's character, and what is left beside each cell, in points."""
_UPRIGHT, _ACROSS = 504.0, 751.0
"""Room between the margins of an A4 page in points: standing and lying."""


def add_pdf(folder: Path) -> Path:
    """Write report.pdf into the folder of a report that build_report made; equal reports give equal bytes.

    Returns:
        Its path.

    Raises:
        ConfigurationError: Pango is not on this machine, or the folder cannot be written; the report stays.
    """
    weasyprint = _weasyprint()
    page = weasyprint.HTML(
        filename=folder / INDEX,
        base_url=f"{folder.resolve().as_uri()}/",
        url_fetcher=_fetcher(folder, _FONTS),
    )
    root: Element = page.etree_element
    style = Element("style")
    style.text = _style()
    next(_all(root, "head")).append(style)
    for figure in _all(root, "figure"):
        _show_file(figure, folder)
    for table in _all(root, "table"):
        _fit(root, table)
    target, scratch = folder / PDF, folder / f".{PDF}"
    try:
        page.write_pdf(scratch, pdf_tags=True)
        scratch.replace(target)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise ConfigurationError(
            error.strerror or "cannot be written", where=str(target), fix="Make room, or name another folder"
        ) from None
    return target


def _weasyprint() -> Any:
    """WeasyPrint, which finds Pango when it is imported; ConfigurationError where there is none."""
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)  # it names each property of the screen's style
    try:
        with redirect_stdout(StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import weasyprint
    except OSError:
        raise ConfigurationError(
            "Pango, which sets the type of PDF documents, is not on this machine",
            where=PDF,
            fix=f"Install it (Debian: apt-get install {_PACKAGES}), or leave --pdf out",
        ) from None
    return weasyprint


def _fetcher(*folders: Path) -> Any:
    """What WeasyPrint may read: files below the folders, and data within the page."""
    from weasyprint.urls import URLFetcher

    class Within(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if url.startswith("file:"):
                path = Path(url2pathname(url.removeprefix("file:").removeprefix("//").partition("?")[0]))
                if not any(path.resolve().is_relative_to(folder.resolve()) for folder in folders):
                    raise ValueError(f"outside the report: {url}")
            return super().fetch(url, headers)

    return Within(allowed_protocols=["file", "data"])


def _style() -> str:
    faces = [
        ("Report", "STIXGeneral", ("", "Bol", "Italic", "BolIta")),
        ("Report Sans", "DejaVuSans", ("", "-Bold", "-Oblique", "-BoldOblique")),
        ("Report Mono", "DejaVuSansMono", ("", "-Bold", "-Oblique", "-BoldOblique")),
    ]
    looks = (("400", "normal"), ("700", "normal"), ("400", "italic"), ("700", "italic"))
    rules = [
        f'@font-face {{ font-family: "{family}"; src: url("{(_FONTS / stem).as_uri()}{end}.ttf"); '
        f"font-weight: {weight}; font-style: {slant}; }}"
        for family, stem, ends in faces
        for end, (weight, slant) in zip(ends, looks, strict=True)
    ]
    return "\n".join([*rules, _STYLE.read_text(encoding="utf-8")])


def _show_file(figure: Element, folder: Path) -> None:
    """Put the figure's SVG file, where there is one, in place of what the page shows."""
    source = f"figures/{figure.get('id')}.svg"
    if not (folder / source).is_file():
        return
    for parent in list(figure.iter()):
        for position, child in enumerate(list(parent)):
            if _name(child) == "svg":
                image = Element("img", {"src": source, "alt": child.get("aria-label", "")})
                image.tail = child.tail
                parent[position] = image


def _fit(root: Element, table: Element) -> None:
    """Lay the page of a table across, and set the table smaller, if it were cut otherwise."""
    needed = _least_width(table)
    if needed <= _UPRIGHT:
        return
    holder = next((parent for parent in root.iter() if table in list(parent)), table)
    for section in _all(root, "section"):
        if list(_all(section, "table")) == [table]:
            holder = section  # its heading goes with it
    holder.set("class", f"{holder.get('class', '')} across".strip())
    if needed > _ACROSS:
        table.set("style", f"font-size: {7.5 * _ACROSS / needed:.2f}pt")


def _least_width(table: Element) -> float:
    """About how wide a table is in points when every line breaks where it can."""
    widths: dict[int, int] = {}
    for row in _all(table, "tr"):
        column = 0
        for cell in row:
            span = int(cell.get("colspan", "1"))
            if span == 1:
                words = "".join(cell.itertext()) if "verdict" in cell.get("class", "") else _longest(cell)
                widths[column] = max(widths.get(column, 0), len(words.strip()))
            column += span
    return sum(width * _CHARACTER + _PADDING for width in widths.values())


def _longest(cell: Element) -> str:
    """What cannot be broken: a word, or a whole interval, which stands on a line of its own."""
    parts = [part for text in cell.itertext() for part in ([text] if "[" in text else text.split())]
    return max(parts, key=len, default="")


def _all(root: Element, name: str) -> Iterator[Element]:
    return iter([element for element in root.iter() if _name(element) == name])


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
