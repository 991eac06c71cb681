"""Folders on this machine that commands make: aside first, then put in place whole."""

from kvjob.folder.replace import Kind, check_replaceable, replacing_folder

__all__ = ["Kind", "check_replaceable", "replacing_folder"]
