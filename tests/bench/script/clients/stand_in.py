"""Clients that only take notes, and whose jobs end as told."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from nightshift.bench.records import RequestRecord
from nightshift.bench.script.clients.base import Job, JobState
from nightshift.bench.script.clients.job import files_of
from nightshift.control.providers.base import ProviderError

START = 1000.0


def record(start: float, end: float, failed: str | None = None) -> RequestRecord:
    return RequestRecord(
        uid=f"{start}",
        region="here",
        user=0,
        turn=0,
        program_id="p",
        hash_key="p",
        start=start,
        end=end,
        prompt_bytes=40,
        failed=failed,
        ttft=None if failed else 0.5,
        e2e_latency=None if failed else end - start,
        input_tokens=None if failed else 10,
        output_tokens=0 if failed else 5,
    )


class StandIn:
    """Stands for `Clients`. `states` are told one after another; the last stays."""

    poll_s = 0.001

    def __init__(self, folder: Path, *states: JobState) -> None:
        self.folder = folder
        self.states = list(states)
        self.asked = 0
        self.broken = 0
        """So many questions for a state are answered by an error."""
        self.calls: list[tuple[str, str]] = []

    def leave(
        self,
        region: str,
        records: Iterable[RequestRecord] = (),
        *,
        account: bool = True,
        interrupted: bool = False,
        late_s: float = 0.0,
        start: float = START,
        began: float = START - 1,
        submitted: float = START - 2,
    ) -> None:
        """Let a job have left its files."""
        names = files_of(region)
        place = self.folder / region
        place.mkdir(parents=True)
        lines = [orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in records]
        (place / names[0]).write_bytes(b"".join(lines))
        if account:
            said = {"region": region, "elapsed_s": 60.0, "interrupted": interrupted, "cpu_share": 0.1}
            said |= {"lag_p99_s": 0.01, "late_s": late_s, "data": "synthetic: a test"}
            (place / names[1]).write_bytes(orjson.dumps(said))
        job: dict[str, Any] = {"region": region, "host": "h", "start_epoch": start, "words": ["--seed=7"]}
        job |= {"began_epoch": began, "submitted_epoch": submitted}
        (place / names[2]).write_bytes(orjson.dumps(job))

    async def up(self, region: str, *, reload: bool) -> None:
        self.calls.append(("reload" if reload else "up", region))

    async def submit(self, job: Job) -> None:
        self.calls.append(("submit", job.region))

    async def state(self, region: str, name: str) -> JobState:
        self.asked += 1
        if self.broken:
            self.broken -= 1
            raise ProviderError("its queue does not answer")
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    async def log(self, region: str, name: str) -> str:
        return f"first line\nlast line of {region}\n"

    async def fetch(self, region: str, name: str, to: Path) -> None:
        place = self.folder / region
        if not place.exists():
            raise ProviderError(f"{region} cannot be reached")
        for path in place.iterdir():
            (to / path.name).write_bytes(path.read_bytes())

    async def cancel(self, region: str, name: str) -> None:
        self.calls.append(("cancel", region))

    async def down(self, region: str) -> None:
        self.calls.append(("down", region))
