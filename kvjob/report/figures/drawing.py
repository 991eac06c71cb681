"""A drawn figure as files: SVG, PDF and PNG, the same bytes from the same store every time."""

import base64
import re
from dataclasses import dataclass
from io import BytesIO

from matplotlib.figure import Figure
from PIL import Image

from kvjob.report.figures.style import style

_DPI = 200
_JPEG_QUALITY = 84
_PICTURE = re.compile(r'data:image/png;base64,([^"]+)"([^>]*?) style="image-rendering[^"]*"')


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure of the report."""

    name: str
    """Stem of its files."""
    label: str
    """`Figure 9`."""
    caption: str
    alt: str
    """What it shows, for those who cannot see it."""
    figure: Figure
    column: Figure | None = None
    """The same as wide as one column of a paper, where the type of the other would be too small."""

    def png(self) -> bytes:
        """The figure at 200 dpi."""
        out = BytesIO()
        with style():
            self.figure.savefig(out, format="png", dpi=_DPI, metadata={"Software": None})
        return out.getvalue()

    def pdf(self) -> bytes:
        """The figure for print, with the fonts' outlines embedded (TrueType, only the letters used)."""
        return self._pdf(self.figure)

    def column_pdf(self) -> bytes | None:
        """The same for one column; None where there is no such figure."""
        return self._pdf(self.column) if self.column else None

    def svg(self) -> bytes:
        """The figure with its text as paths, so that it looks the same without the font."""
        out = BytesIO()
        with style():
            self.figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        return _PICTURE.sub(_small, out.getvalue().decode()).encode()

    def _pdf(self, figure: Figure) -> bytes:
        out = BytesIO()
        with style():
            nobody = dict.fromkeys(("CreationDate", "Creator", "Producer"))
            figure.savefig(out, format="pdf", metadata={"Title": self.label, **nobody})
        return out.getvalue()


def _small(match: re.Match[str]) -> str:
    """Photographs as JPEG are a fifth of their PNG; 4:4:4, so that the overlays' edges stay sharp.

    Masks are PNG of one bit, a tenth of that, without a blur around their edges.
    """
    out, kind = BytesIO(), "jpeg"
    with Image.open(BytesIO(base64.b64decode(match[1]))) as image:
        if image.convert("RGB").getcolors(2):
            kind = "png"
            image.convert("1", dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        else:
            image.convert("RGB").save(out, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return f'data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode()}"{match[2]}'
