"""Text as LaTeX shows it: nothing that a user, a trainer or a data set named is read as a command."""

import re
import unicodedata

from kvjob.errors import shown

_SIGNS = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "\N{NO-BREAK SPACE}": "~",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "…": r"\dots{}",
    "°": r"\textdegree{}",
    "€": r"\texteuro{}",
    **{
        sign: f"${command}$"
        for sign, command in {
            "±": r"\pm", "−": "-", "×": r"\times", "÷": r"\div", "·": r"\cdot", "≤": r"\leq", "≥": r"\geq",
            "≈": r"\approx", "≠": r"\neq", "∞": r"\infty", "→": r"\rightarrow", "←": r"\leftarrow",
            "▲": r"\blacktriangle", "▼": r"\blacktriangledown", "Δ": r"\Delta", "α": r"\alpha", "β": r"\beta",
            "λ": r"\lambda", "µ": r"\mu", "μ": r"\mu", "σ": r"\sigma", "²": "^2", "³": "^3", "√": r"\surd",
        }.items()
    },
}  # fmt: skip
_LETTERS = {chr(code) for code in range(0xC0, 0x17F)} - set("×÷ĦħĸŉĿŀŦŧ")
"""Letters that T1 fonts have, and that LaTeX takes as they are."""
_SPECIAL = re.compile(f"-(?=-)|[{re.escape(''.join(_SIGNS))}]|[^\x00-\x7f]")
_CODE = re.compile(r"(?<=[/=,;:._])(?=\w)")


def escape(text: str) -> str:
    """Text on one line; a letter that pdfLaTeX has no sign for is written as its code, `[U+4E2D]`."""
    line = unicodedata.normalize("NFC", shown(" ".join(text.split())))
    return _SPECIAL.sub(lambda match: _sign(match[0]), line)


def code(text: str) -> str:
    """Text in typewriter letters, every sign as it stands, with places where a line may end."""
    parts = (_typed(part) for part in _CODE.split(text))
    return r"\texttt{" + r"\allowbreak{}".join(parts) + "}"


def _typed(part: str) -> str:
    return escape(part).replace("-{}", "-").replace("-", "{-}").replace("'", r"\textquotesingle{}")


def sentence(text: str) -> str:
    """Escaped text that ends in a full stop, or in the mark it has."""
    return escape(text) if text.rstrip().endswith((".", "?", "!", ":")) else f"{escape(text)}."


def _sign(sign: str) -> str:
    if sign == "-":
        return "-{}"  # two of them would become a dash
    if sign in _SIGNS:
        return _SIGNS[sign]
    return sign if sign in _LETTERS else f"[U+{ord(sign):04X}]"
