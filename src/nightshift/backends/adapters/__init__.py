"""Reading what engines say of themselves, their load and their models: one small file for each engine."""

from nightshift.backends.adapters.base import (
    METRICS_PATH,
    UNKNOWN,
    Adapter,
    EngineAdapter,
    MetricsError,
    no_signal,
    read_answer,
)
from nightshift.backends.adapters.detect import ADAPTERS, adapter_named, detect
from nightshift.backends.adapters.models import MODELS_PATH, read_models

__all__ = [
    "ADAPTERS",
    "METRICS_PATH",
    "MODELS_PATH",
    "UNKNOWN",
    "Adapter",
    "EngineAdapter",
    "MetricsError",
    "adapter_named",
    "detect",
    "no_signal",
    "read_answer",
    "read_models",
]
