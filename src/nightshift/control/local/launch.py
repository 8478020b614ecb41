"""`python -m nightshift.control.local.launch PROGRAM ARGUMENTS`: run a program that ends with its parent.

For programs that are not ours and have no `--with-parent`. They get SIGKILL when the parent is gone: what
they do on SIGTERM is theirs (the SGLang router waits three minutes for requests in flight).
"""

import os
import signal
import sys

from nightshift.processes import die_with_parent

if __name__ == "__main__":
    die_with_parent(signal.SIGKILL)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the caller chose the program
