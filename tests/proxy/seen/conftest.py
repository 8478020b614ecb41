"""An outcome to be changed as a test needs it."""

from collections.abc import Callable

import pytest

from nightshift.proxy.seen.outcome import Outcome

MakeOutcome = Callable[..., Outcome]


@pytest.fixture
def outcome() -> MakeOutcome:
    def make(**facts: object) -> Outcome:
        made = Outcome("b-1", "POST", "/v1/chat/completions", 1.0)
        made.status = 200
        for name, value in facts.items():
            setattr(made, name, value)
        return made

    return make
