"""The routers that are not ours: what each is started with, and where it is found.

The SGLang router is installed beside Nightshift. `vllm-router` needs a virtualenv of its own, the one of
`nightshift bench proxy --install-peers`: it brings versions of packages that Nightshift's tests do not take.
"""

import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from nightshift.errors import UserError

PEERS_VENV = Path(".venv-peers")
"""Where `nightshift bench proxy --install-peers` installs, seen from the working directory."""


class ExternalRouter(StrEnum):
    """A router that is not ours, in place of the balancers: one for all regions, in the first."""

    SGLANG = "sglang-router"
    VLLM = "vllm-router"


@dataclass(frozen=True, slots=True)
class RouterProgram:
    """How a router is run. Its package on PyPI has its name."""

    title: str
    """What messages and reports call it."""
    version: str
    """What the project measures with."""
    module: str
    """`python -m` this."""
    arguments: Mapping[str, str]
    """Beside addresses and workers."""
    venv: Path | None = None
    """The virtualenv that it lives in; None: Nightshift's own."""

    @property
    def python(self) -> str:
        """The Python that has it, once it is installed."""
        return sys.executable if self.venv is None else str(self.venv.absolute() / "bin" / "python")

    @property
    def is_installed(self) -> bool:
        """Whether it is there."""
        package = self.module.partition(".")[0]
        if self.venv is None:
            return importlib.util.find_spec(package) is not None
        found = self.venv.glob(f"lib/python*/site-packages/{package}/__init__.py")
        return Path(self.python).exists() and any(found)

    @property
    def remedy(self) -> str:
        """The command that installs it."""
        if self.venv is None:
            package = self.module.partition(".")[0].replace("_", "-")
            return f"{sys.executable} -m pip install {package}=={self.version}"
        return "nightshift bench proxy --install-peers"


_SHARED = {
    "--policy": "cache_aware",
    # Its default asks a worker that is not up yet again after 30 s.
    "--worker-startup-check-interval": "1",
    "--request-timeout-secs": "1800",
}

ROUTERS: Mapping[ExternalRouter, RouterProgram] = MappingProxyType(
    {
        ExternalRouter.SGLANG: RouterProgram(
            "the SGLang router",
            "0.3.2",
            "sglang_router.launch_router",
            {
                **_SHARED,
                # The values of the original's baseline; the router's own defaults have changed since.
                "--cache-threshold": "0.5",
                "--balance-abs-threshold": "32",
                "--balance-rel-threshold": "1.0001",
                "--eviction-interval-secs": "60",
                "--max-tree-size": "16777216",
                "--shutdown-grace-period-secs": "1",
                "--log-level": "warn",
            },
        ),
        ExternalRouter.VLLM: RouterProgram(
            "vllm-router",
            "0.1.17",
            "vllm_router.launch_router",
            {
                **_SHARED,
                # The defaults of its command line in this version; its library and its pages have others.
                "--cache-threshold": "0.3",
                "--balance-abs-threshold": "64",
                "--balance-rel-threshold": "1.5",
                "--eviction-interval-secs": "120",
                "--max-tree-size": "33554432",
                "--log-level": "warning",
            },
            PEERS_VENV,
        ),
    }
)


def require_router(router: ExternalRouter) -> None:
    """Raise `UserError` with the command that mends it when a router is not installed."""
    program = ROUTERS[router]
    if not program.is_installed:
        where = "" if program.venv is None else f" in {program.venv.absolute()}"
        raise UserError(f"{router.value} is not installed{where}; run `{program.remedy}`")
