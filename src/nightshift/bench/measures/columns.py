"""Records as columns: what is computed over all requests is computed by numpy, at once.

100,000 records take a second this way. What a record does not know is NaN.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nightshift.bench.records import RequestRecord

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Columns:
    """One row for each request; see `RequestRecord` for what each column is."""

    region: "NDArray[np.object_]"
    start: "Floats"
    end: "Floats"
    scheduled: "Floats"
    streaming_start: "Floats"
    ttft: "Floats"
    e2e_latency: "Floats"
    input_tokens: "Floats"
    output_tokens: "Floats"
    cached_tokens: "Floats"
    prompt_bytes: "Floats"
    itl_mean: "Floats"
    queued_s: "Floats"
    hops: "Floats"
    failed: "Bools"
    unfinished: "Bools"
    row: "Ints"
    """Place of the request among all that were turned into columns: what `gaps` knows it by."""
    gaps: "Gaps"
    """Of all requests, not of the chosen ones alone; see `gaps_s`."""

    @classmethod
    def of(cls, records: "Iterable[RequestRecord]") -> "Columns":
        """Turn records into columns, in their order."""
        import numpy as np

        every = list(records)

        def floats(name: str) -> "Floats":
            found = (getattr(record, name) for record in every)
            return np.fromiter((np.nan if x is None else x for x in found), np.float64, len(every))

        def bools(of: "Callable[[RequestRecord], bool]") -> "Bools":
            return np.fromiter((of(record) for record in every), np.bool_, len(every))

        region = np.empty(len(every), dtype=np.object_)
        region[:] = [record.region for record in every]
        names = [f.name for f in fields(cls) if f.type == "Floats"]
        return cls(
            region=region,
            **{name: floats(name) for name in names},
            failed=bools(lambda record: record.failed is not None),
            unfinished=bools(lambda record: record.unfinished),
            row=np.arange(len(every), dtype=np.int32),
            gaps=Gaps.of([record.itl_s or () for record in every]),
        )

    @property
    def count(self) -> int:
        """How many requests there are."""
        return int(self.start.size)

    @property
    def finished(self) -> "Bools":
        """Which requests had their whole answer."""
        return ~self.failed & ~self.unfinished

    @property
    def tpot_s(self) -> "Floats":
        """(E2E - TTFT) / (output tokens - 1); NaN for answers of one token, and unfinished ones."""
        import numpy as np

        more = self.output_tokens >= 2
        return np.where(
            more, (self.e2e_latency - self.ttft) / np.where(more, self.output_tokens - 1, 1.0), np.nan
        )

    @property
    def ntpot_s(self) -> "Floats":
        """E2E / output tokens; NaN for answers without a token, and unfinished ones."""
        import numpy as np

        some = self.output_tokens >= 1
        return np.where(some, self.e2e_latency / np.where(some, self.output_tokens, 1.0), np.nan)

    @property
    def gaps_s(self) -> "Floats":
        """The gaps between pieces of content of these requests, in one pool."""
        return self.gaps.of_rows(self.row)

    def where(self, chosen: "Bools") -> "Columns":
        """Return the chosen rows only. Gaps are a hundred times as many, and are not copied."""
        own = {f.name: getattr(self, f.name)[chosen] for f in fields(self) if f.name != "gaps"}
        return Columns(**own, gaps=self.gaps)


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps between pieces of content of all requests, one after another."""

    lengths_s: "Floats"
    owner: "Ints"
    """Row of the request that each gap belongs to."""
    rows: int
    """How many requests there are, those without a gap included."""

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]]) -> "Gaps":
        """Join the gaps of each row."""
        import numpy as np

        counts = np.fromiter((len(own) for own in rows), np.int64, len(rows))
        lengths = np.fromiter(chain.from_iterable(rows), np.float64, int(counts.sum()))
        return cls(lengths, np.repeat(np.arange(len(rows), dtype=np.int32), counts), len(rows))

    def of_rows(self, rows: "Ints") -> "Floats":
        """Return the gaps that belong to these rows."""
        import numpy as np

        wanted = np.zeros(self.rows, dtype=np.bool_)
        wanted[rows] = True
        found: Floats = self.lengths_s[wanted[self.owner]]
        return found
