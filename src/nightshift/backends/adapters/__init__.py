"""Reading the load that engines report of themselves: one small file for each engine."""

from nightshift.backends.adapters.base import Adapter
from nightshift.backends.adapters.detect import adapter_named, detect
from nightshift.backends.adapters.samples import MetricsError

__all__ = ["Adapter", "MetricsError", "adapter_named", "detect"]
