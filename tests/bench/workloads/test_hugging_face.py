"""The hub is asked through `datasets`; what is missing is named with the way to mend it."""

import sys
from types import ModuleType
from typing import Any

import pytest

from nightshift.bench.workloads.real_chats import read_chats
from nightshift.errors import UserError

ROW = {
    "judge": "u",
    "conversation_a": [{"role": role, "content": "x"} for role in ("user", "assistant", "user", "assistant")],
}


class Rows(list[Any]):
    """A streamed data set of the library."""

    def skip(self, number: int) -> "Rows":
        return Rows(self[number:])

    def take(self, number: int) -> "Rows":
        return Rows(self[:number])


class HubError(Exception):
    """Stands for the library's own."""


def library(answer: Any, token: str | None = "secret") -> ModuleType:  # noqa: S107 - no password
    module = ModuleType("datasets")
    module.exceptions = ModuleType("datasets.exceptions")  # type: ignore[attr-defined]
    module.exceptions.DatasetsError = HubError

    def load_dataset(name: str, **settings: object) -> Rows:
        assert settings == {"split": "train", "streaming": True, "token": token}
        if isinstance(answer, Exception):
            raise answer
        return Rows(answer)

    module.load_dataset = load_dataset  # type: ignore[attr-defined]
    return module


def test_rows_come_from_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", library([ROW] * 5))
    monkeypatch.setenv("HF_TOKEN", "secret")
    found = read_chats("hf", hub_name="lmsys/x", start=2, number=2)
    assert found.text == "real: Hugging Face lmsys/x, 2 of 2 rows"
    assert read_chats("hf:me/mine", hub_name="lmsys/x").source == "Hugging Face me/mine"


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match=r"not installed; run `python -m pip install 'nightshift\[data\]'`"):
        read_chats("hf", hub_name="lmsys/x")


def test_without_a_token_the_library_looks_for_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", library([ROW], token=None))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    assert read_chats("hf:me/open", hub_name="lmsys/x").rows == 1


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        (HubError("x is a gated dataset"), "does not let you read lmsys/x .*accept its terms"),
        (ConnectionError("no route"), "cannot be reached to read lmsys/x .*HF_ENDPOINT"),
        (ValueError("no split"), "cannot read lmsys/x .*has a split `train`"),
    ],
)
def test_a_refusal_is_told_without_the_token(
    monkeypatch: pytest.MonkeyPatch, error: Exception, mend: str
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", library(error))
    monkeypatch.setenv("HF_TOKEN", "secret")
    with pytest.raises(UserError, match=mend) as caught:
        read_chats("hf", hub_name="lmsys/x")
    assert "secret" not in str(caught.value)
