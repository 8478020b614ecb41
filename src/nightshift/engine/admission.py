"""How much memory the scheduler keeps back for answers that are not written yet.

A request says how long its answer may be, not how long it will be. SGLang reserves for each running
sequence a share of what it may still write, the `new_token_ratio`, and adapts that share: it starts at
0.7, falls a little with every step to 0.098 (0.7 x 0.14) within 600 steps while all goes well, and when
memory ran out it is set to what the running sequences have in fact written, plus 20 steps' worth, over
what they may write. Idle, it starts again at 0.7.

`--schedule-conservativeness` (default 1.0) multiplies where it starts and its floor.

Source: sgl-project/sglang, `python/sglang/global_config.py` (0.7, 0.14, 600, 20) and `retract_decode` in
`srt/managers/schedule_batch.py`.
"""

INIT_RATIO = 0.7
MIN_SHARE_OF_INIT = 0.14
DECAY_STEPS = 600
RETRACT_STEPS = 20


class NewTokenRatio:
    """The share as a function of the number of steps done; nothing to update while steps pass."""

    def __init__(self, conservativeness: float = 1.0) -> None:
        self._init = min(1.0, INIT_RATIO * conservativeness)
        self._floor = self._init * MIN_SHARE_OF_INIT
        self._decay = (self._init - self._floor) / DECAY_STEPS
        self._start = self._init
        self._since = 0

    def at(self, step: int) -> float:
        """Return the share at this step."""
        return max(self._floor, self._start - self._decay * (step - self._since))

    def idle(self, step: int) -> None:
        """Nothing runs: expect the worst again."""
        self._start, self._since = self._init, step

    def ran_out(self, step: int, *, written: int, allowed: int, sequences: int) -> None:
        """Memory ran out, though `sequences` had written only `written` of `allowed` tokens."""
        share = (written + RETRACT_STEPS * sequences) / max(1, allowed)
        self._start, self._since = min(1.0, share), step
