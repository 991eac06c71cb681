"""The report's tables and the files they are written to."""

from kvjob.report.tables.beside import beside_table, protocol_table
from kvjob.report.tables.claims import claims_table
from kvjob.report.tables.experiment import experiment_table, standing
from kvjob.report.tables.formats import to_csv, to_markdown
from kvjob.report.tables.latex import to_latex
from kvjob.report.tables.model import model_table
from kvjob.report.tables.others import others_table
from kvjob.report.tables.recommended import recommended_table
from kvjob.report.tables.runs import runs_table
from kvjob.report.tables.table import Table, roman, signed, unroman

FORMATS = {"csv": to_csv, "md": to_markdown, "tex": to_latex}
"""Writers by file suffix."""

__all__ = [
    "FORMATS",
    "Table",
    "beside_table",
    "claims_table",
    "experiment_table",
    "model_table",
    "others_table",
    "protocol_table",
    "recommended_table",
    "roman",
    "runs_table",
    "signed",
    "standing",
    "unroman",
]
