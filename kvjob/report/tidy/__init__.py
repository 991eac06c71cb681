"""Everything the report knows as tidy tables, for whoever goes on computing with it."""

from kvjob.report.tidy.datasets import datasets
from kvjob.report.tidy.files import DATA, data_files
from kvjob.report.tidy.frame import Column, Dataset, Kind

__all__ = ["DATA", "Column", "Dataset", "Kind", "data_files", "datasets"]
