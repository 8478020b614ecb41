"""Finding the adapter: by the engine's name in the settings, or from the page itself (`auto`)."""

from nightshift.backends.adapters.base import Adapter, GaugeNames
from nightshift.backends.adapters.llama_cpp import LLAMA_CPP
from nightshift.backends.adapters.samples import MetricsError
from nightshift.backends.adapters.sglang import SGLANG
from nightshift.backends.adapters.vllm import VLLM
from nightshift.balancing.messages import ReplicaReport
from nightshift.errors import UserError

ADAPTERS: tuple[GaugeNames, ...] = (VLLM, SGLANG, LLAMA_CPP)


class Auto:
    """Chooses anew for each page, so that an engine may be replaced by another kind behind one address."""

    name = "auto"

    def read(self, page: bytes) -> ReplicaReport:
        """See `Adapter.read`."""
        return detect(page).read(page)


def detect(page: bytes) -> Adapter:
    """Return the adapter of the engine that wrote `page`; `MetricsError` if it is none that is known."""
    for adapter in ADAPTERS:
        if adapter.recognises(page):
            return adapter
    known = ", ".join(adapter.name for adapter in ADAPTERS)
    raise MetricsError(f"this metrics page is of no engine that is known ({known})")


def adapter_named(name: str) -> Adapter:
    """Return the adapter called `name`, or the one that detects (`auto`). Raises `UserError`."""
    adapters: tuple[Adapter, ...] = (Auto(), *ADAPTERS)
    for adapter in adapters:
        if adapter.name == name:
            return adapter
    known = ", ".join(adapter.name for adapter in adapters)
    raise UserError(f"unknown engine {name!r}; known are {known}")
