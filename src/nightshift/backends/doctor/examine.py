"""One examination from the first question to the findings."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from nightshift.backends.doctor.asking import asking
from nightshift.backends.doctor.checks import Findings
from nightshift.backends.doctor.probing import not_asked, probe_checks
from nightshift.backends.doctor.reading import meet, read_checks, version


async def examine(
    url: str,
    *,
    engine: str | None = None,
    model: str | None = None,
    api_key: str | None = None,
    ca_file: Path | None = None,
    timeout_s: float = 30.0,
    nonce: str | None = None,
    utc_now: Callable[[], datetime],
) -> Findings:
    """Examine the engine at `url`. With a `nonce` for its prompts it also generates; else it only reads.

    Raises `EngineError` when there is nothing to examine: no answer, a web page, a key that is missing.
    """
    async with asking(url, api_key=api_key, timeout_s=timeout_s, ca_file=ca_file) as ask:
        met = await meet(ask, engine)
        said = await version(ask, met)
        checks = await read_checks(ask, met, utc_now)
        checks += not_asked() if nonce is None else await probe_checks(ask, met, model, nonce)
        return Findings(ask.url, met.name, said, tuple(checks))
