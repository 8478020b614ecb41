"""Look after look, into two files for each experiment, until told to stop.

`queue_size/<experiment>.txt` has the original's lines, `queue_size/<experiment>.samples.jsonl` those of a
result folder's samples.jsonl with `time` (seconds since 1970) in place of `t`. Both grow line by line, so
that a crash loses nothing; the original moved a temporary file at the end.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from nightshift.bench.queue_fetcher.looking import line_of_original, look
from nightshift.bench.queue_fetcher.targets import Target, View
from nightshift.errors import NightshiftError

_INTERVAL_S = 1.0
_TIMEOUT_S = 2.0

Views = Callable[[], Sequence[View]]
"""Asks the controller for all services. Blocks. Raises `NightshiftError` while it does not answer."""


class Files:
    """The two files of each experiment."""

    def __init__(self, folder: Path, targets: Sequence[Target], stack: ExitStack) -> None:
        """Lines are appended to what an earlier run, which broke off, has left. Raises `OSError`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._files: dict[str, tuple[BinaryIO, BinaryIO]] = {}
        for target in targets:
            queue = stack.enter_context((folder / f"{target.experiment}.txt").open("ab", buffering=0))
            path = folder / f"{target.experiment}.samples.jsonl"
            self._files[target.experiment] = queue, stack.enter_context(path.open("ab", buffering=0))

    def write(
        self, experiment: str, time: float, queues: Mapping[str, Any], sample: Mapping[str, Any]
    ) -> None:
        """Append a line to both."""
        for file, line in zip(self._files[experiment], (queues, sample), strict=True):
            file.write(orjson.dumps({"time": round(time, 3), **line}, option=orjson.OPT_APPEND_NEWLINE))


async def fetch(
    targets: Sequence[Target], files: Files, views: Views, *, stop: asyncio.Event, say: Callable[[str], None]
) -> int:
    """Look once a second until `stop`; return how many looks there were. `say` hears of a trouble once."""
    from aiohttp import ClientSession, ClientTimeout

    loop = asyncio.get_running_loop()
    looks, trouble = 0, ""
    async with ClientSession(timeout=ClientTimeout(total=_TIMEOUT_S)) as http:
        while not stop.is_set():
            next_at = loop.time() + _INTERVAL_S
            try:
                known = {str(view["name"]): view for view in await asyncio.to_thread(views)}
            except NightshiftError as error:
                if str(error) != trouble:
                    trouble = str(error)
                    say(trouble)
            else:
                trouble, looks = "", looks + 1
                await asyncio.gather(*(_one(http, target, files, known) for target in targets))
            try:
                await asyncio.wait_for(stop.wait(), max(0.0, next_at - loop.time()))
            except TimeoutError:
                pass
    return looks


async def _one(http: Any, target: Target, files: Files, views: Mapping[str, View]) -> None:  # noqa: ANN401 - aiohttp is imported late
    time = datetime.now(UTC).timestamp()
    sample = await look(http, target, views)
    files.write(target.experiment, time, line_of_original(target.entries(views)), sample)
