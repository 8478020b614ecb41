"""Reading the configuration file again while the balancer serves: on SIGHUP, and when the admin API says so.

All of it is checked before any of it is in force. A file that is wrong changes nothing, and the metrics say
that the last reload was refused.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nightshift.errors import UserError
from nightshift.proxy.server import Server
from nightshift.proxy.settings import read_settings

_log = logging.getLogger(__name__)


class Configuration:
    """The file of one balancer; None if it was started with flags."""

    def __init__(self, server: Server, path: Path | None) -> None:
        self._server = server
        self._path = path

    def reload(self) -> list[str]:
        """Take what is in the file now; return the names that changed. Raises `UserError`."""
        return self._noted(f"read {self._path} again", self._reload)

    def change(self, changes: Mapping[str, Any]) -> list[str]:
        """Take these settings; return the names that changed. Raises `UserError`.

        They hold until the file, if there is one, is read again.
        """
        return self._noted("told new settings", lambda: self._server.change(changes))

    def _noted(self, what: str, take: Callable[[], list[str]]) -> list[str]:
        metrics = self._server.parts.metrics
        try:
            changed = take()
        except UserError as error:
            metrics.reloaded(ok=False)
            _log.error("the configuration stays as it was: %s", error)
            raise
        metrics.reloaded(ok=True)
        _log.info("%s; changed: %s", what, ", ".join(changed) or "nothing")
        return changed

    def on_signal(self) -> None:
        """The same, for who cannot hear the error; it is in the log."""
        try:
            self.reload()
        except UserError:
            return

    def _reload(self) -> list[str]:
        if self._path is None:
            raise UserError("there is no file to read again: this balancer was started with flags")
        return self._server.reload(read_settings(self._path))
