"""Errors that a person can mend.

`UserError` is for what the user wrote or has on the machine: a wrong name, a port in use, a missing
package. The command line prints it as one line and exits with status 2; nothing else does.
"""


class NightshiftError(Exception):
    """Base of all errors that Nightshift raises on purpose."""


class UserError(NightshiftError):
    """The user can mend this. The message names the cause and the fix, in one line."""
