"""Two throughputs that stand side by side, because a closed loop that is cut off has ragged edges.

- The original's: tokens of the requests that finished, over latest end - earliest start. At the end every
  user has a request under way whose tokens count nowhere, while the time is counted.
- In the window: the tokens of every request, spread over the time when they were worked on (prompt from
  sending to the first content, answer from there to the end), as far as that lies in the window from warm-up
  to the run's end. Nothing is lost at the edges, and the fill-up at the start is left out.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nightshift.bench.measures.window import Window

if TYPE_CHECKING:
    from nightshift.bench.measures.columns import Columns, Floats

BYTES_PER_TOKEN = 4  # for prompts whose length no engine told, in a run where none was told at all


@dataclass(frozen=True, slots=True)
class Work:
    """Tokens, parts of tokens included."""

    input: float
    output: float

    @property
    def weighted(self) -> float:
        """Input + 2 x output: the original system's measure."""
        return self.input + 2 * self.output


def span_s(finished: "Columns") -> float:
    """Return the seconds from the earliest start to the latest end; 0 of no request."""
    return float(finished.end.max() - finished.start.min()) if finished.count else 0.0


def work(finished: "Columns") -> Work:
    """Return the tokens of these requests, as far as the engines told them."""
    import numpy as np

    return Work(float(np.nansum(finished.input_tokens)), float(finished.output_tokens.sum()))


def work_in_window(columns: "Columns", window: Window) -> Work:
    """Return what was worked on in the window, failed requests left out."""
    import numpy as np

    began = columns.where(~columns.failed & ~np.isnan(columns.streaming_start))
    guessed = began.prompt_bytes * _tokens_per_byte(columns)
    prompt: Floats = np.where(np.isnan(began.input_tokens), guessed, began.input_tokens)
    return Work(
        float((prompt * window.shares(began.start, began.streaming_start)).sum()),
        float((began.output_tokens * window.shares(began.streaming_start, began.end)).sum()),
    )


def rate(amount: float, seconds: float) -> float:
    """Return the amount for each second; 0 where there was no time."""
    return amount / seconds if seconds > 0 else 0.0


def _tokens_per_byte(columns: "Columns") -> float:
    """Return what finished requests had, to guess the prompt tokens of unfinished ones."""
    import numpy as np

    told = columns.where(~np.isnan(columns.input_tokens))
    total_bytes = float(told.prompt_bytes.sum())
    return float(told.input_tokens.sum()) / total_bytes if total_bytes else 1 / BYTES_PER_TOKEN
