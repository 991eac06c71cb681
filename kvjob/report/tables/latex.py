"""Tables for papers: booktabs, each float short enough for a page."""

from collections.abc import Iterator

from kvjob.report.latex.escape import escape, sentence
from kvjob.report.tables.table import Part, Row, Table, heads, texts

_ROWS = 42
"""Most rows of one float."""
_LONG = 34
"""Characters from which on the text of a column breaks into lines."""


def to_latex(table: Table) -> str:
    """One or more `table*` per part, to be input where it belongs; needs `array`, `booktabs` and `graphicx`.

    The floats of a table have the same number; the first is `tab:NAME`, the others `tab:NAME-2` and so on.
    """
    floats = list(_floats(table))
    written = [_float(table, part, rows, index) for index, (part, rows) in enumerate(floats)]
    if table.notes:
        notes = " ".join(sentence(note) for note in table.notes)
        head = rf"Notes on Table~\ref{{tab:{table.name}}}"
        written.append(rf"{{\footnotesize\noindent {head}: {notes}\par}}")
    return "\n".join(written).rstrip() + "\n"


def _floats(table: Table) -> Iterator[tuple[Part, tuple[Row, ...]]]:
    for part in table.parts:
        for start in range(0, max(1, len(part.rows)), _ROWS):
            yield part, part.rows[start : start + _ROWS]


def _float(table: Table, part: Part, rows: tuple[Row, ...], index: int) -> str:
    continued = ", continued" if index else ""
    return "\n".join(
        (
            r"\begin{table*}",
            r"  \centering",
            *([r"  \addtocounter{table}{-1}"] if index else []),
            rf"  \caption{{{escape(f'{table.title}{continued}. {part.caption}')}}}",
            rf"  \label{{tab:{table.name}{f'-{index + 1}' if index else ''}}}",
            r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"  \begin{{tabular}}{{{_columns(part)}}}",
            r"    \toprule",
            f"    {_row(heads(table, part))}",
            r"    \midrule",
            *(f"    {_row(texts(row, part.columns))}" for row in rows),
            r"    \bottomrule",
            r"  \end{tabular}}",
            r"\end{table*}",
            "",
        )
    )


def _columns(part: Part) -> str:
    """Numbers to the right, words to the left, sentences in lines."""
    texted = [texts(row, part.columns) for row in part.rows]
    longest = [max(map(len, column)) for column in zip(*texted, strict=True)] or [0] * (len(part.columns) + 1)
    numeric = [False, *(column.numeric for column in part.columns)]
    spec = ""
    for length, is_number in zip(longest, numeric, strict=True):
        if length > _LONG and not is_number:
            width = min(7.0, 0.09 * length)
            spec += rf">{{\raggedright\arraybackslash}}p{{{width:.1f}cm}}"
        else:
            spec += "r" if is_number else "l"
    return spec


def _row(cells: list[str]) -> str:
    row = " & ".join(map(escape, cells))
    # After the line end of the row before, a bracket would be read as that line end's argument.
    return (f"{{[}}{row[1:]}" if row.startswith("[") else row) + r" \\"
