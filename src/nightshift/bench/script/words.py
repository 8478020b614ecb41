"""Options with several words after them, as the original's: `--service-names svc1 svc2`.

Click gives an option a fixed number of values. So the words are set apart before it sees them: each gets its
own `--service-names`. Commas part words too.
"""

from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand


def spread(words: Sequence[str], several: Sequence[str]) -> list[str]:
    """Return the words with the flag repeated before each value of an option in `several`."""
    found: list[str] = []
    flag = ""
    for word in words:
        if word.startswith("--") or word == "-h":
            name, equals, value = word.partition("=")
            flag = name if name in several else ""
            if not flag:
                found.append(word)
            elif equals:
                found += _each(flag, value)
        elif flag:
            found += _each(flag, word)
        else:
            found.append(word)
    return found


def _each(flag: str, value: str) -> list[str]:
    return [part for one in value.split(",") if one for part in (flag, one)]


class SeveralWords(TyperCommand):
    """A command whose options that may be repeated take several words, too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own copy of Click
        """Set the words apart, then go on as usual."""
        several = [flag for one in self.params if getattr(one, "multiple", False) for flag in one.opts]
        return super().parse_args(ctx, spread(args, several))
