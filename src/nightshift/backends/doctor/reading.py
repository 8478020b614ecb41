"""The checks that only read: models, health, version, metrics, connections, clock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from nightshift.backends.adapters import (
    ADAPTERS,
    METRICS_PATH,
    MODELS_PATH,
    UNKNOWN,
    EngineAdapter,
    MetricsError,
    adapter_named,
    detect,
    no_signal,
    read_models,
)
from nightshift.backends.adapters.samples import find
from nightshift.backends.doctor.asking import KEY_VARIABLE, Answer, Asking, EngineError
from nightshift.backends.doctor.checks import Check, State
from nightshift.backends.doctor.engines import KNOWN, UNKNOWN_ENGINE, Knowledge
from nightshift.balancing.messages import ReplicaReport

_CLOCKS_APART_S = 2.0


@dataclass(frozen=True, slots=True)
class Engine:
    """What is known of the engine after its first answers. `adapter` is None if none fits."""

    name: str | None
    adapter: EngineAdapter | None
    knowledge: Knowledge
    models: Answer
    metrics: Answer
    metrics_path: str

    @property
    def report(self) -> ReplicaReport:
        """What its metrics page says of its load."""
        try:
            return adapter_named(self.name or "auto").read(self.metrics.body)
        except MetricsError:
            return UNKNOWN

    @property
    def model_names(self) -> list[str]:
        """The models that it lists, first things first."""
        data = self.models.json().get("data")
        cards = data if isinstance(data, list) else []
        return [card["id"] for card in cards if isinstance(card, dict) and isinstance(card.get("id"), str)]


async def meet(ask: Asking, named: str | None) -> Engine:
    """Ask for models and metrics, and tell which engine this is. Raises `EngineError` if it is none."""
    models = await ask.get(MODELS_PATH)
    _require_engine(ask, models)
    metrics, path = await ask.get(METRICS_PATH), METRICS_PATH
    adapter = _adapter(named, models, metrics)
    if adapter is not None and adapter.metrics_path != METRICS_PATH:
        path = adapter.metrics_path
        metrics = await ask.get(path)
    name = adapter.name if adapter else None
    return Engine(name, adapter, KNOWN.get(name or "", UNKNOWN_ENGINE), models, metrics, path)


def _require_engine(ask: Asking, models: Answer) -> None:
    if models.status in {401, 403}:
        raise EngineError(
            f"{ask.url} wants a key, or another one (status {models.status});"
            f" give it with --api-key, or in the environment as {KEY_VARIABLE}"
        )
    if models.is_html:
        raise EngineError(f"{ask.url} answers with a web page, not as an engine; is this its address?")
    if 300 <= models.status < 400:
        target = models.headers.get("location", "elsewhere")
        raise EngineError(f"{ask.url} redirects to {target}; give that address, without {MODELS_PATH}")


def _adapter(named: str | None, models: Answer, metrics: Answer) -> EngineAdapter | None:
    by_name = {adapter.name: adapter for adapter in ADAPTERS}
    if named is not None:
        adapter_named(named)  # an unknown name is the user's mistake
        return by_name.get(named) or _adapter(None, models, metrics)
    if metrics.status == 200 and not metrics.is_html:
        try:
            return detect(metrics.body)
        except MetricsError:
            pass
    said = {models.headers.get("server", "").replace("llama.cpp", "llamacpp"), *_owners(models.json())}
    for name, knowledge in KNOWN.items():
        if knowledge.owner and knowledge.owner in said:
            return by_name[name]
    return by_name["tgi"] if _is_tgi(models.json()) else None


def _owners(models: dict[str, Any]) -> Iterator[str]:
    data = models.get("data")
    for card in data if isinstance(data, list) else []:
        if isinstance(card, dict) and isinstance(card.get("owned_by"), str):
            yield card["owned_by"]


def _is_tgi(models: dict[str, Any]) -> bool:
    data = models.get("data")
    card = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
    return card.get("created") == 0 and isinstance(card.get("id"), str) and card["id"] == card.get("owned_by")


async def version(ask: Asking, engine: Engine) -> str | None:
    """Ask for the engine's version. Of what it answers only that is kept: SGLang's holds its keys."""
    emulated = engine.models.headers.get("x-engine-emulated")
    if emulated:
        return f"emulated {emulated}"
    said = (await ask.get(engine.knowledge.version_path)).json().get(engine.knowledge.version_key)
    return said[:60] if isinstance(said, str) else None


async def read_checks(ask: Asking, engine: Engine, utc_now: Callable[[], datetime]) -> list[Check]:
    """Look at all that can be read."""
    health = await ask.get("/health")
    again = await ask.get("/health")
    return [
        _models(ask, engine),
        _health(ask, health),
        *_metrics(ask, engine),
        _connections(again),
        _clock(again, utc_now),
        Check("time to first byte", State.OK, f"{again.first_byte_s * 1e3:.1f} ms for /health, connected"),
    ]


def _models(ask: Asking, engine: Engine) -> Check:
    if engine.models.status != 200:
        advice = f"requests for a model cannot be kept apart; {MODELS_PATH} should list them"
        return Check("models", State.WARN, ask.quoted(engine.models), advice)
    names = engine.model_names
    if not names:
        return Check("models", State.WARN, "lists none", f"{MODELS_PATH} should list what it serves")
    any_name = read_models(engine.models.body) is None
    found = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return Check("models", State.OK, found + (" (takes any name)" if any_name else ""))


def _health(ask: Asking, health: Answer) -> Check:
    if health.status == 200:
        return Check("health", State.OK, "/health answers 200")
    return Check("health", State.WARN, f"/health: {ask.quoted(health)}", "wait until it has loaded its model")


def _metrics(ask: Asking, engine: Engine) -> Iterator[Check]:
    page, knowledge = engine.metrics, engine.knowledge
    if page.status != 200:
        told = no_signal(page.status)
        key = "let it show its metrics without a key: a balancer has none for them"
        advice = key if page.status in {401, 403} else knowledge.metrics_on
        found = f"{engine.metrics_path}: status {page.status}, {ask.quoted(page)}"
        yield Check("metrics", State.MISSING, found, advice if told else "is the engine well?")
        return
    if page.is_html:
        yield Check("metrics", State.MISSING, f"{engine.metrics_path} is a web page", knowledge.metrics_on)
        return
    yield Check("metrics", State.OK, f"{engine.metrics_path}, {len(page.body)} bytes")
    report, adapter = engine.report, engine.adapter
    counts = (("waiting requests", report.pending), ("running requests", report.running))
    for (name, value), gauge in zip(counts, _names(adapter), strict=True):
        if value is None:
            yield Check(name, State.MISSING, f"no {gauge}", knowledge.gauges_on)
        else:
            yield Check(name, State.OK, f"{gauge} {value}")
    yield _kv_use(report, adapter, knowledge)
    if knowledge.hits:
        yield _hits(page.body, knowledge.hits)


def _hits(page: bytes, names: tuple[bytes, ...]) -> Check:
    found = [name.decode() for name in names if find(page, name) >= 0]
    if found:
        return Check("prefix cache metric", State.OK, found[0])
    advice = "for your dashboards; placement does without"
    return Check("prefix cache metric", State.WARN, f"no {names[0].decode()}", advice)


def _names(adapter: EngineAdapter | None) -> tuple[str, str]:
    if adapter is None:
        return "gauge that is known", "gauge that is known"
    return adapter.pending.names[0].decode(), adapter.running.names[0].decode()


def _kv_use(report: ReplicaReport, adapter: EngineAdapter | None, knowledge: Knowledge) -> Check:
    if report.kv_use is not None:
        return Check("KV use", State.OK, f"{report.kv_use:.0%}")
    if adapter is not None and adapter.name in {"tgi", "llama.cpp"}:
        return Check("KV use", State.OK, "this engine has no gauge for it; placement does without")
    return Check("KV use", State.WARN, "no gauge", knowledge.gauges_on)


def _connections(again: Answer) -> Check:
    kept = again.headers.get("keep-alive", "no limit named")
    if again.reused:
        return Check("keep-alive", State.OK, f"a connection serves several requests ({kept})")
    advice = "each request will open a connection; let the engine, or what is before it, keep them open"
    return Check("keep-alive", State.WARN, "closes after each answer", advice)


def _clock(again: Answer, utc_now: Callable[[], datetime]) -> Check:
    sent = again.headers.get("date")
    try:
        theirs = parsedate_to_datetime(sent) if sent else None
    except ValueError:
        theirs = None
    if theirs is None:
        return Check("clock", State.OK, "sends no Date; nothing depends on it")
    apart_s = abs((utc_now() - theirs.replace(tzinfo=theirs.tzinfo or UTC)).total_seconds())
    if apart_s <= _CLOCKS_APART_S:
        return Check("clock", State.OK, "as here, within 2 s")
    return Check("clock", State.WARN, f"{apart_s:.0f} s from here", "run NTP on both, or logs will not match")
