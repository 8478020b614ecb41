"""Waiting for jobs: until all have succeeded, or one has failed."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from nightshift.bench.script.clients.base import Clients, JobState
from nightshift.control.providers.base import ProviderError
from nightshift.errors import NightshiftError, UserError

_TAIL_LINES = 12
_PATIENCE = 3
"""How often in a row the state of a job may be unknown: a cloud's queue does not always answer."""


class JobFailedError(NightshiftError):
    """A job ended badly, or did not end."""


async def until_succeeded(
    clients: Clients, jobs: Sequence[tuple[str, str]], timeout_s: float, say: Callable[[str], None]
) -> None:
    """Wait for jobs, each a region and a name. Raises `JobFailedError`, `ProviderError`.

    `say` is told how many are how far, whenever that changes.
    """
    said = ""
    try:
        async with asyncio.timeout(timeout_s):
            unknown = 0
            while True:
                try:
                    states = await asyncio.gather(*(clients.state(*job) for job in jobs))
                    unknown = 0
                except ProviderError:
                    unknown += 1
                    if unknown > _PATIENCE:
                        raise
                    await asyncio.sleep(clients.poll_s)
                    continue
                counts = Counter(str(state.value) for state in states)
                if (now := ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))) != said:
                    say(now)
                    said = now
                for (region, name), state in zip(jobs, states, strict=True):
                    if state in (JobState.FAILED, JobState.ABSENT):
                        raise JobFailedError(await _story(clients, region, name, state))
                if all(state is JobState.SUCCEEDED for state in states):
                    return
                await asyncio.sleep(clients.poll_s)
    except TimeoutError as error:
        raise JobFailedError(f"not all jobs ended within {timeout_s:g} s ({said})") from error


async def _story(clients: Clients, region: str, name: str, state: JobState) -> str:
    if state is JobState.ABSENT:
        return f"{region} has no job {name}; submit it first"
    try:
        lines = (await clients.log(region, name)).rstrip().splitlines()[-_TAIL_LINES:]
    except (ProviderError, UserError) as error:
        lines = [f"(no log: {error})"]
    return f"{name} in {region} has failed; its log ends:" + "".join(f"\n    {line}" for line in lines)
