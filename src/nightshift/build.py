"""How this Nightshift was built: pure Python, or with its hot modules compiled (setup.py)."""

from importlib.util import find_spec


def is_compiled() -> bool:
    """Tell whether the hot modules are compiled."""
    spec = find_spec("nightshift.balancing.messages")
    return spec is not None and spec.origin is not None and not spec.origin.endswith(".py")
