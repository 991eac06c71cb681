"""Figures within the page: themed by the reader's light or dark mode, each picture embedded once.

Argo shows a report under a policy that allows pictures from the same server and none embedded in the page. So
each picture is there twice: below as a file beside the page, above as data within it. Whichever the place
allows is seen, and where both are, they are the same.
"""

import base64
import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from kvjob.report.figures.style import DARK

TILES = "figures/tiles"
"""Folder of the pictures, below the report's."""

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_COLOUR = re.compile("|".join(DARK), re.IGNORECASE)
_FINE = re.compile(r"(-?\d+\.\d\d)\d+")
"""More than hundredths of a point, which nobody sees."""
_SPACE = re.compile(r" *([A-Za-z]) +")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


class Tiles:
    """The pictures of all figures, by the name of their file."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.letters: dict[str, tuple[str, str]] = {}
        """Outline and transformation of every letter that figures are written with, by its element's id."""

    def add(self, data_uri: str) -> str:
        """Keep the JPEG or PNG that a data URI holds; answers with its element's id in the page."""
        kind, _, text = data_uri.partition(",")
        data = base64.b64decode(text)
        digest = hashlib.sha256(data).hexdigest()[:12]
        self.files[f"{digest}.{'png' if 'image/png' in kind else 'jpg'}"] = data
        return f"tile-{digest}"

    def add_all(self, other: "Tiles") -> None:
        """Keep what another keeps."""
        self.files.update(other.files)
        self.letters.update(other.letters)

    def definitions(self) -> Iterator[tuple[str, str, str]]:
        """Id, path below the report's folder, and data URI of every picture."""
        for name, data in sorted(self.files.items()):
            digest, _, suffix = name.partition(".")
            kind = "png" if suffix == "png" else "jpeg"
            embedded = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
            yield f"tile-{digest}", f"{TILES}/{name}", embedded


def inline(svg: bytes, name: str, label: str, tiles: Tiles) -> str:
    """An SVG file as an element of the page.

    Args:
        svg: the file.
        name: prefix of its ids, which must differ from those of every other figure.
        label: what it shows.
        tiles: receives its pictures.
    """
    root = ET.fromstring(svg)  # noqa: S314  (written by matplotlib a moment ago)
    for parent in list(root.iter()):
        for tag in ("metadata", "style"):  # The page has a style sheet of its own.
            for child in parent.findall(f"{_SVG}{tag}"):
                parent.remove(child)
    elements = list(root.iter())
    for element in elements:
        _shorten(element)
    letters = _take_letters(elements, tiles)
    used = {reference for element in elements for reference in _references(element)}
    for element in elements:
        _adapt(element, name, used, tiles, letters)
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": label}
    return ET.tostring(root, encoding="unicode")


def variable(colour: str) -> str:
    """Name of the CSS variable that holds a colour of the figures."""
    return f"--f{colour[1:].lower()}"


def _references(element: ET.Element) -> Iterator[str]:
    if element.get(_HREF, "").startswith("#"):
        yield element.attrib[_HREF][1:]
    for value in element.attrib.values():
        yield from _REFERENCE.findall(value)


def _shorten(element: ET.Element) -> None:
    """Leave out what takes room in the page and shows nothing: indentation, and digits of coordinates."""
    element.text = element.tail = None
    for key in ("d", "x", "y"):
        if key in element.attrib:
            element.set(key, _SPACE.sub(r"\1", _FINE.sub(r"\1", element.attrib[key])).strip())


def _take_letters(elements: list[ET.Element], tiles: Tiles) -> dict[str, str]:
    """Move letters to where all figures find them; their ids in the page by those in the figure."""
    found = {}
    for definitions in elements:
        if definitions.tag != f"{_SVG}defs":
            continue
        for shape in list(definitions):
            if shape.keys() == ["id", "d", "transform"]:
                outline = shape.attrib["d"], shape.attrib["transform"]
                place = f"letter-{hashlib.sha256(repr(outline).encode()).hexdigest()[:12]}"
                tiles.letters[place] = outline
                found[shape.attrib["id"]] = place
                definitions.remove(shape)
    return found


def _adapt(element: ET.Element, name: str, used: set[str], tiles: Tiles, letters: dict[str, str]) -> None:
    element.tag = element.tag.removeprefix(_SVG)
    if element.get("id") in used:
        element.set("id", f"{name}-{element.attrib['id']}")
    else:
        element.attrib.pop("id", None)
    target = element.attrib.pop(_HREF, None)
    if element.tag == "image" and target is not None:
        element.tag, target = "use", f"#{tiles.add(target)}"
        width, height = element.attrib.pop("width"), element.attrib.pop("height")
        element.set("transform", f"{element.get('transform', '')} scale({width} {height})".strip())
    elif target is not None and target[1:] in letters:
        target = f"#{letters[target[1:]]}"
    elif target is not None:
        target = f"#{name}-{target[1:]}"
    if target is not None:
        element.set("href", target)
    for key, value in element.attrib.items():
        element.set(key, _REFERENCE.sub(rf"url(#{name}-\1)", value))
    if "style" in element.attrib:
        themed = _COLOUR.sub(lambda match: f"var({variable(match[0])})", element.attrib["style"])
        element.set("style", themed)
