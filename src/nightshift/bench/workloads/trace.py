"""The workload `trace`: requests of a trace at their own times, open loop.

`--data-path` is a file in the format of Mooncake, BurstGPT or Azure (`trace_formats.py`). `--scale` is
seconds of the run for each second of the trace: 0.5 plays it twice as fast. A region plays its share of the
requests: of blocks and sessions that begin alike, all or none. Each is a program of one call, whose prompt is
filler of the trace's length: a block of Mooncake's is the same 512 tokens wherever its id comes, and of one
session the longer prompt begins with the shorter. Answers get as long as the trace's. Hash key: the session,
else the first block that is not everybody's, else the request.

Without a file a trace is made, with Azure's statistics or (`--format`) Mooncake's or BurstGPT's
(`trace_made.py`); each region has one of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from random import Random
from typing import Literal

from pydantic import Field

from nightshift.bench.workloads.base import Call, Message, Program
from nightshift.bench.workloads.common import CommonArguments
from nightshift.bench.workloads.filler import filler
from nightshift.bench.workloads.shares import SHARE_PATTERN, share_of, take
from nightshift.bench.workloads.trace_formats import BLOCK_TOKENS, Entry, Trace, read_trace
from nightshift.bench.workloads.trace_made import MADE, made_trace
from nightshift.errors import UserError

_FOR_LAST_ANSWERS_S = 60.0
_MADE_S = 120.0


class TraceArguments(CommonArguments):
    """The flags of `trace`."""

    num_users: int = Field(default=1, ge=1, description="Users that the requests are dealt out to; no limit.")
    duration: float | None = Field(  # type: ignore[assignment]  # here it follows from the others
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Seconds that the run lasts. Without: a minute more than the file, or 120.",
    )
    data_path: str | None = Field(
        default=None, description="The trace: JSONL (Mooncake) or CSV (BurstGPT, Azure). Without: synthetic."
    )
    format: Literal["auto", "mooncake", "burstgpt", "azure"] = Field(
        default="auto", description="The file's format, or whose statistics a synthetic trace has."
    )
    share: str | None = Field(
        default=None,
        pattern=SHARE_PATTERN,
        description="Which share of the file this region takes: 0/2 and 1/2 halve it. Without: a third.",
    )
    scale: float = Field(
        default=1.0, gt=0, allow_inf_nan=False, description="Seconds of the run for each of the trace."
    )
    rate: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Requests per second of a synthetic trace."
    )
    max_input_tokens: int | None = Field(
        default=None, ge=1, description="Longer prompts are cut to this; for engines of a small context."
    )
    ignore_eos: bool = Field(default=True, description="Answers get exactly as long as in the trace.")


@dataclass(frozen=True, slots=True)
class RequestProgram:
    """One request of a trace. Its prompt is made when it is asked."""

    id: str
    hash_key: str
    start_s: float
    entry: Entry
    seed: str
    ignore_eos: bool

    def first(self) -> Sequence[Call]:
        """See `Program.first`."""
        messages = (Message(role="user", content=prompt_of(self.entry, self.seed, self.id)),)
        return [Call(0, messages, self.entry.output_tokens, ignore_eos=self.ignore_eos)]

    def answered(self, call: Call, answer: str) -> Sequence[Call]:
        """See `Program.answered`."""
        return ()


def prompt_of(entry: Entry, seed: str, name: str) -> str:
    """Return filler of exactly `entry.input_tokens` tokens, that others share as the trace says."""
    if not entry.blocks:
        return filler(f"{seed}/{entry.session or name}", entry.input_tokens)
    whole, rest = divmod(entry.input_tokens, BLOCK_TOKENS)
    texts = [filler(f"{seed}/{block}", BLOCK_TOKENS) for block in entry.blocks[:whole]]
    if rest:
        texts.append(filler(f"{seed}/{entry.blocks[whole]}", rest))
    return "".join(texts)


class TraceReplay:
    """See the head of this file."""

    name = "trace"
    summary = "requests of a Mooncake, BurstGPT or Azure trace at their times, open loop"
    arguments_type = TraceArguments

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self.arguments = wanted = TraceArguments.model_validate(arguments)
        self.seed = wanted.seed

    @property
    def duration_s(self) -> float:
        """See `Workload.duration_s`."""
        if self.arguments.duration is not None:
            return self.arguments.duration
        if self._file is None:
            return _MADE_S
        first, last = self._file.entries[0].at_s, self._file.entries[-1].at_s
        return (last - first) * self.arguments.scale + _FOR_LAST_ANSWERS_S

    @property
    def data(self) -> str:
        """See `Workload.data`."""
        if self._file is not None:
            return self._file.text
        return f"synthetic: {MADE[self._made].text}"

    def users(self, region: str) -> Sequence[Iterator[Program]]:
        """See `Workload.users`. Raises `UserError` if there is nothing to play."""
        wanted = self.arguments
        entries = self._generate(region) if self._file is None else self._share(region, self._file.entries)
        numbered = list(enumerate(entries))
        return [self._played(region, numbered[user :: wanted.num_users]) for user in range(wanted.num_users)]

    @cached_property
    def _file(self) -> Trace | None:
        path = self.arguments.data_path
        return None if path is None else read_trace(path, self.arguments.format)

    @property
    def _made(self) -> str:
        return "azure" if self.arguments.format == "auto" else self.arguments.format

    def _generate(self, region: str) -> list[Entry]:
        rng = Random(f"{self.seed}/{region}/trace")
        made = made_trace(MADE[self._made], rng, self.arguments.rate)
        end_s = self.duration_s / self.arguments.scale
        return list(takewhile(lambda entry: entry.at_s < end_s, made))

    def _share(self, region: str, entries: Sequence[Entry]) -> list[Entry]:
        keys = [_group(entry) or str(number) for number, entry in enumerate(entries)]
        own = take(entries, keys, share_of(region, self.arguments.share))
        if not own:
            raise UserError(f"no request of the trace is in the share of {region}; set --share, as 0/1")
        return own

    def _played(self, region: str, own: Sequence[tuple[int, Entry]]) -> Iterator[RequestProgram]:
        wanted = self.arguments
        begin_s = 0.0 if self._file is None else self._file.entries[0].at_s
        most = wanted.max_input_tokens
        seed = self.seed if self._file is not None else f"{self.seed}/{region}"
        for number, entry in own:
            cut = entry.input_tokens if most is None else min(entry.input_tokens, most)
            id_ = f"{region}-{number}"
            yield RequestProgram(
                id=id_,
                hash_key=_group(entry) or id_,
                start_s=(entry.at_s - begin_s) * wanted.scale,
                entry=Entry(entry.at_s, cut, entry.output_tokens, entry.blocks, entry.session),
                seed=seed,
                ignore_eos=wanted.ignore_eos,
            )


def _group(entry: Entry) -> str | None:
    """Return what an entry shares with others; block 0 is Mooncake's system prompt, which all have."""
    if entry.session is not None:
        return f"s{entry.session}"
    return next((f"b{block}" for block in entry.blocks[1:]), None)
