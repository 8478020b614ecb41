"""A stage for each test."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.control.controller.stage import Stage, play

Story = Callable[[Stage], Awaitable[None]]


@pytest.fixture
def on_stage(tmp_path: Path) -> Callable[[Story], None]:
    """Play a story to its end, in virtual time."""

    def run(story: Story) -> None:
        async def whole() -> None:
            stage = Stage(tmp_path)
            try:
                await story(stage)
            finally:
                await stage.close()

        play(whole)

    return run
