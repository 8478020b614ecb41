"""`python -m nightshift.wan`: the same commands as `nightshift wan`, for a process that starts a relay."""

import sys

from nightshift.errors import UserError
from nightshift.wan.command import app

try:
    app(prog_name="nightshift wan")
except UserError as error:
    sys.stderr.write(f"nightshift: {error}\n")
    sys.exit(2)
