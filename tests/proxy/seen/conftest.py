"""An outcome to be changed as a test needs it."""

from collections.abc import Callable

import pytest

from nightshift.proxy.seen.outcome import Outcome

MakeOutcome = Callable[..., Outcome]


@pytest.fixture
def outcome() -> MakeOutcome:
    def make(**facts: object) -> Outcome:
        defaults: dict[str, object] = {
            "id": "b-1",
            "method": "POST",
            "path": "/v1/chat/completions",
            "arrived": 1.0,
            "status": 200,
        }
        return Outcome(**{**defaults, **facts})  # type: ignore[arg-type]  # a table of mixed types

    return make
