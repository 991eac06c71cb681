"""`python -m kvjob.report`: print the JSON schema of report.json."""

import sys

from kvjob.report.schema import schema_json

sys.stdout.write(schema_json())
