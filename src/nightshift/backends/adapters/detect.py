"""Finding the adapter: by the engine's name in the settings, or from the page itself (`auto`)."""

from nightshift.backends.adapters.base import (
    METRICS_PATH,
    UNKNOWN,
    Adapter,
    EngineAdapter,
    MetricsError,
    require_page,
)
from nightshift.backends.adapters.llama_cpp import LLAMA_CPP
from nightshift.backends.adapters.sglang import SGLANG
from nightshift.backends.adapters.tensorrt_llm import TENSORRT_LLM, TRITON
from nightshift.backends.adapters.tgi import TGI
from nightshift.backends.adapters.vllm import VLLM
from nightshift.balancing.messages import ReplicaReport
from nightshift.errors import UserError

ADAPTERS: tuple[EngineAdapter, ...] = (VLLM, SGLANG, LLAMA_CPP, TGI, TENSORRT_LLM, TRITON)


class Auto:
    """Chooses for each page, so that an engine may be replaced by another kind behind one address.

    The one that fitted last is tried first. A page that is of none of them is not an error: an engine that
    is not known here answers, and says nothing that is understood.
    """

    name = "auto"
    metrics_path = METRICS_PATH

    def __init__(self) -> None:
        self._last: EngineAdapter = VLLM

    def recognises(self, page: bytes) -> bool:
        """See `Adapter.recognises`."""
        return any(adapter.recognises(page) for adapter in ADAPTERS)

    def read(self, page: bytes) -> ReplicaReport:
        """See `Adapter.read`."""
        if not self._last.recognises(page):
            require_page(page)
            try:
                self._last = detect(page)
            except MetricsError:
                return UNKNOWN
        return self._last.read(page)


def detect(page: bytes) -> EngineAdapter:
    """Return the adapter of the engine that wrote `page`; `MetricsError` if it is none that is known."""
    for adapter in ADAPTERS:
        if adapter.recognises(page):
            return adapter
    known = ", ".join(adapter.name for adapter in ADAPTERS)
    raise MetricsError(f"this metrics page is of no engine that is known ({known})")


def adapter_named(name: str) -> Adapter:
    """Return an adapter called `name`, or one that detects (`auto`). Raises `UserError`."""
    adapters: tuple[Adapter, ...] = (Auto(), *ADAPTERS)
    for adapter in adapters:
        if adapter.name == name:
            return adapter
    known = ", ".join(adapter.name for adapter in adapters)
    raise UserError(f"unknown engine {name!r}; known are {known}")
