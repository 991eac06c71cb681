"""The command line: a thin layer of verbs."""

from kvjob.cli.app import main

__all__ = ["main"]
