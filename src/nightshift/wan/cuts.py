"""Which pairs of regions are cut, whether they have links now or not."""

from typing import Literal

Kind = Literal["hold", "reset"]


class Cuts:
    """The cuts that were made and not healed; see `relay` for what the two kinds do."""

    def __init__(self) -> None:
        self._held: set[tuple[str, str]] = set()
        self._refused: set[tuple[str, str]] = set()

    def cut(self, a: str, b: str, kind: Kind, *, one_way: bool) -> None:
        """Cut `a` to `b`, and `b` to `a` unless `one_way`."""
        (self._refused if kind == "reset" else self._held).update(_ways(a, b, one_way=one_way))

    def heal(self, a: str, b: str, *, one_way: bool) -> None:
        """Undo any cut of `a` to `b`, and of `b` to `a` unless `one_way`."""
        self._held -= _ways(a, b, one_way=one_way)
        self._refused -= _ways(a, b, one_way=one_way)

    def holds(self, a: str, b: str) -> bool:
        """Whether what goes from `a` to `b` waits."""
        return (a, b) in self._held

    def refuses(self, a: str, b: str) -> bool:
        """Whether links that listen in `a` for `b` refuse connections."""
        return (a, b) in self._refused


def _ways(a: str, b: str, *, one_way: bool) -> set[tuple[str, str]]:
    return {(a, b)} if one_way else {(a, b), (b, a)}
