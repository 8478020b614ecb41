"""Which targets serve which model, as masks of slots.

A target whose models are not known counts for every model: an engine may take any name, and one that has
not been asked yet must not be passed over. Looking up costs O(1).
"""

from collections.abc import Iterable
from typing import Final

EVERYTHING: Final = -1
"""A mask with all bits set."""


class Serving:
    """The models of one pool of targets."""

    def __init__(self) -> None:
        self._any = 0
        self._by_model: dict[str, int] = {}
        self.models: tuple[str, ...] | None = None
        """All models that are served, by name; None if some target's are not known, or there is no target."""

    def of(self, model: str) -> int:
        """Return the mask of those that may be sent a request for `model`; an empty name is any model."""
        if not model:
            return EVERYTHING
        return self._any | self._by_model.get(model, 0)

    def names(self, model: str) -> bool:
        """Tell whether a target says that it serves `model`."""
        return model in self._by_model

    def set(self, bit: int, models: Iterable[str] | None) -> None:
        """A target serves these, and no others; None: not known."""
        self._clear(bit)
        if models is None:
            self._any |= bit
        for model in models or ():
            self._by_model[model] = self._by_model.get(model, 0) | bit
        self._note()

    def drop(self, bit: int) -> None:
        """A target is gone."""
        self._clear(bit)
        self._note()

    def _clear(self, bit: int) -> None:
        self._any &= ~bit
        kept = {model: mask & ~bit for model, mask in self._by_model.items()}
        self._by_model = {model: mask for model, mask in kept.items() if mask}

    def _note(self) -> None:
        self.models = tuple(sorted(self._by_model)) if self._by_model and not self._any else None
