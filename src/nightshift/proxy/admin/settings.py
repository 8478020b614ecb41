"""The settings of the admin listener."""

from pydantic import Field

from nightshift.proxy.admin.questions import DEFAULT_PORT
from nightshift.proxy.limits import Strict


class AdminSettings(Strict):
    """On loopback unless told otherwise: what it can do, nobody outside needs to reach."""

    host: str = "127.0.0.1"
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    open_metrics: bool = False
    """Whether /metrics is answered without the service's token, for scrapers that cannot show one."""
