"""The balancer's own endpoints: whether it lives, whether it can serve, what it knows; stealing; targets."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from urllib.parse import unquote

import orjson
from pydantic import ValidationError

from nightshift.backends.adapters.models import MODELS_PATH
from nightshift.balancing.snapshot import snapshot
from nightshift.errors import UserError
from nightshift.proxy.access.gate import Gate
from nightshift.proxy.answer import JSON_TYPE, Answer
from nightshift.proxy.catalogue import OWN_MODELS_PATH, Catalogue
from nightshift.proxy.client import Client, InProgress
from nightshift.proxy.decision import Identity
from nightshift.proxy.dispatcher import Dispatcher
from nightshift.proxy.errors import ApiError
from nightshift.proxy.peers import REPORT_PATH, STEAL_PATH, Peers
from nightshift.proxy.probes import Probes
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.seen.histogram import Histogram
from nightshift.proxy.seen.metrics import Metrics
from nightshift.proxy.settings import Targets, first_problem
from nightshift.proxy.surface import json_body
from nightshift.proxy.targets import TargetSet
from nightshift.proxy.tokens import PeerTokens

Page = Callable[[HttpRequest, Answer, Client], InProgress | None]
_Facts = tuple[int, Mapping[str, object]]


class OwnPages:
    """Each page answers at once, in JSON."""

    def __init__(
        self,
        identity: Identity,
        *,
        dispatcher: Dispatcher,
        targets: TargetSet,
        probes: Probes,
        peers: Peers,
        catalogue: Catalogue,
        tokens: PeerTokens,
        gate: Gate,
        metrics: Metrics,
    ) -> None:
        self._identity = identity
        self._dispatcher = dispatcher
        self._targets = targets
        self._probes = probes
        self._peers = peers
        self._catalogue = catalogue
        self._tokens = tokens
        self._gate = gate
        self._metrics = metrics

    def table(self) -> dict[str, dict[str, Page]]:
        """Return the pages by path and method."""
        health, alive, state = self._page(self.health), self._page(self.alive), self._internal(self.state)
        report, models = self._internal(self.report), self._for_clients(self.models)
        return {
            "*": {"OPTIONS": self._options},
            "/health": {"GET": health, "HEAD": health},
            "/nightshift/health": {"GET": alive, "HEAD": alive},
            "/nightshift/state": {"GET": state},
            MODELS_PATH: {"GET": models, "HEAD": models},
            OWN_MODELS_PATH: {"GET": self._internal(self.own_models)},
            REPORT_PATH: {"GET": report},
            STEAL_PATH: {"POST": self._internal(self.steal)},
            "/nightshift/targets": {"PUT": self._internal(self.change_targets)},
        }

    def table_by_prefix(self) -> dict[str, dict[str, Page]]:
        """Return the pages that have a name behind a prefix."""
        model = self._for_clients(self.model)
        return {f"{MODELS_PATH}/": {"GET": model, "HEAD": model}}

    def _page(self, facts_of: Callable[[HttpRequest], _Facts]) -> Page:
        lines = JSON_TYPE + self._identity.lines()

        def page(request: HttpRequest, answer: Answer, client: Client) -> None:
            status, facts = facts_of(request)
            answer.whole(status, lines, orjson.dumps(facts))

        return page

    def _internal(self, facts_of: Callable[[HttpRequest], _Facts]) -> Page:
        """Return a page for who shows the service's secret: its balancers and its controller."""
        shown = self._page(facts_of)

        def page(request: HttpRequest, answer: Answer, client: Client) -> InProgress | None:
            self._tokens.require(request, certified=client.certified)
            return shown(request, answer, client)

        return page

    def _for_clients(self, facts_of: Callable[[HttpRequest], _Facts]) -> Page:
        """Return a page of the API: for who has a key, where keys are asked for."""
        shown = self._page(facts_of)

        def page(request: HttpRequest, answer: Answer, client: Client) -> InProgress | None:
            self._gate.check(request)
            return shown(request, answer, client)

        return page

    def _options(self, request: HttpRequest, answer: Answer, client: Client) -> None:
        """`OPTIONS *` asks what the server can do as a whole (RFC 9110 9.3.7)."""
        answer.whole(200, b"allow: GET, HEAD, POST, DELETE\r\n" + self._identity.lines(), b"")

    def health(self, request: HttpRequest) -> _Facts:
        """Whether a request that came now could be served: 200 or 503."""
        replicas, peers = self._probes.up, self._peers.serving
        facts = {"replicas": replicas, "peers": peers}
        if self._dispatcher.balancer.draining:
            return 503, {"status": "draining", **facts}
        if replicas or peers:
            return 200, {"status": "ok", **facts}
        return 503, {"status": "no replica answers", **facts}

    def alive(self, request: HttpRequest) -> _Facts:
        """Whether this process runs: always 200."""
        return 200, {"status": "ok", "name": self._identity.name, "region": self._identity.region}

    def models(self, request: HttpRequest) -> _Facts:
        """All models that can be asked for here, in OpenAI's format."""
        return 200, {"object": "list", "data": self._catalogue.all()}

    def model(self, request: HttpRequest) -> _Facts:
        """One of them."""
        name = unquote(request.path.removeprefix(f"{MODELS_PATH}/"))
        for card in self._catalogue.all():
            if card["id"] == name:
                return 200, card
        raise ApiError(404, "model_not_found", f"The model `{name[:200]}` does not exist", param="model")

    def own_models(self, request: HttpRequest) -> _Facts:
        """What peers ask for: the models of the replicas here."""
        return 200, {"object": "list", "data": self._catalogue.own()}

    def report(self, request: HttpRequest) -> _Facts:
        """What peers ask for, ten times a second: a small part of the state."""
        return 200, {"name": self._identity.name, **asdict(self._dispatcher.balancer.report())}

    def state(self, request: HttpRequest) -> _Facts:
        """All that this balancer knows and has done."""
        return 200, self.facts()

    def facts(self) -> dict[str, object]:
        """The same as plain data."""
        return {
            **snapshot(self._dispatcher.balancer, self._dispatcher.now()),
            "region": self._identity.region,
            "in_progress": self._dispatcher.in_progress,
            "counters": asdict(self._dispatcher.counters),
            "queue_wait_s": _histogram(self._metrics.queue_wait_s),
            "matched": _histogram(self._metrics.matched),
        }

    def steal(self, request: HttpRequest) -> _Facts:
        """Give queued requests to a peer that is idle."""
        asked = json_body(request)
        thief, count = (asked.get("thief"), asked.get("count")) if isinstance(asked, dict) else (None, None)
        if not isinstance(thief, str) or type(count) is not int or count < 1:
            message = 'expected {"thief": NAME, "count": a whole number from 1}'
            raise ApiError(400, "invalid_value", message)
        return 200, {"granted": self._dispatcher.steal_asked(thief, count)}

    def change_targets(self, request: HttpRequest) -> _Facts:
        """Take new replicas and peers."""
        try:
            targets = Targets.model_validate_json(request.body)
        except ValidationError as error:
            raise ApiError(400, "invalid_value", first_problem(error)) from error
        try:
            self._targets.change(targets)
        except UserError as error:
            raise ApiError(400, "invalid_value", str(error)) from error
        return 200, {"replicas": len(targets.replicas), "peers": len(targets.peers)}


def _histogram(histogram: Histogram) -> dict[str, object]:
    """Return a histogram since the start: sum and count, and the cumulative count by upper bound."""
    buckets = dict(histogram.buckets())
    return {"sum": histogram.total, "count": buckets["+Inf"], "buckets": buckets}
