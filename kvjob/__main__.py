"""`python -m kvjob`."""

from kvjob.cli import main

main()
