"""Makes the observer that the settings ask for; loads only what they switch on."""

from datetime import UTC, datetime
from random import Random
from time import time_ns

from nightshift.errors import UserError
from nightshift.proxy.seen.metrics import Metrics
from nightshift.proxy.seen.observer import Observer, Witness
from nightshift.proxy.seen.settings import OtelSettings


def make_observer(
    metrics: Metrics,
    *,
    name: str,
    region: str,
    access_log: str | None = None,
    otel: OtelSettings | None = None,
) -> Observer:
    """Return the observer of the balancer `name`. Raises `UserError` if something cannot be opened."""
    witnesses: list[Witness] = []
    if otel is not None:  # before the log, whose lines name the trace
        witnesses.append(_traces(otel, name, region))
    if access_log is not None:
        witnesses.append(_access_log(access_log, metrics))
    return Observer(metrics, witnesses)


def _access_log(path: str, metrics: Metrics) -> Witness:
    from nightshift.proxy.seen.access_log import AccessLog
    from nightshift.proxy.seen.line_writer import LineWriter

    def dropped(lines: int) -> None:
        metrics.log_lines_dropped += lines

    return AccessLog(LineWriter(path, dropped), lambda: datetime.now(UTC))


def _traces(settings: OtelSettings, name: str, region: str) -> Witness:
    try:
        from nightshift.proxy.seen.traces import Traces
    except ModuleNotFoundError as error:
        raise UserError(
            f"otel: the package {error.name} is not installed; pip install 'nightshift[otel]'"
        ) from error
    return Traces(settings, name=name, region=region, wall_clock_ns=time_ns, rng=Random())
