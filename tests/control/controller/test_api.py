"""The controller's API, as the command line and others use it: no network, the application itself."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from tests.control.controller.stage import Stage, text

from nightshift.control.controller.api import Desk, make_app

OnStage = Callable[[Callable[[Stage], Awaitable[None]]], None]
TOKEN = "the-controllers-token"


@dataclass
class Answer:
    """What the application answered."""

    status_code: int = 0
    content: bytes = b""

    def json(self) -> Any:
        return orjson.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode()


class Caller:
    """A client with the token."""

    def __init__(self, stage: Stage) -> None:
        self.stopped = False
        self.app = make_app(Desk(stage.services, TOKEN, self._stop))

    def _stop(self) -> None:
        self.stopped = True

    async def ask(
        self, method: str, path: str, body: object = None, token: str | None = f"Bearer {TOKEN}"
    ) -> Answer:
        headers = [(b"content-type", b"application/json")]
        headers += [(b"authorization", token.encode("latin-1"))] if token else []
        content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        where, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(where),
            "raw_path": where.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": headers,
            "server": ("controller", 80),
            "client": ("127.0.0.1", 1),
        }
        answer = Answer()
        events = iter([{"type": "http.request", "body": content, "more_body": False}])

        async def receive() -> dict[str, Any]:
            if (event := next(events, None)) is None:
                await asyncio.Event().wait()  # the client stays
                raise AssertionError
            return event

        async def send(event: Any) -> None:
            answer.status_code = event.get("status", answer.status_code)
            answer.content += event.get("body", b"")

        await self.app(scope, receive, send)
        return answer

    async def error(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """Return status and message of an error in OpenAI's format."""
        answer = await self.ask(method, path, body)
        error = answer.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return answer.status_code, error["message"]


def service(name: str = "svc", **changed: Any) -> dict[str, object]:
    return {"name": name, "text": text(), **changed}


GUARDED = [
    ("GET", "/v1/services"),
    ("GET", "/v1/services/svc/leftovers"),
    ("GET", "/v1/services/svc/logs/replica-1"),
    ("POST", "/v1/services"),
    ("PUT", "/v1/services/svc"),
    ("DELETE", "/v1/services/svc"),
    ("POST", "/v1/stop"),
]


def test_all_but_health_and_its_description_want_the_token(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        caller = Caller(stage)
        for token in (None, "", "Bearer ", "Bearer wrong", TOKEN, f"bearer {TOKEN}", "Bearer \xe9"):
            for method, path in GUARDED:
                answer = await caller.ask(method, path, service(), token)
                assert answer.status_code == 401, (method, path, token)
                assert answer.json()["error"]["code"] == "unauthorized"
        assert not caller.stopped
        assert stage.services.loops == {}
        assert (await caller.ask("GET", "/v1/health", token=None)).json()["status"] == "ok"

    on_stage(story)


def test_every_path_is_described_and_guarded(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        caller = Caller(stage)
        page = (await caller.ask("GET", "/openapi.json", token=None)).json()
        operations = {
            (method.upper(), path): facts
            for path, item in page["paths"].items()
            for method, facts in item.items()
        }
        assert len(operations) > len(GUARDED)
        for (method, path), facts in operations.items():
            assert facts.get("description") or facts.get("summary"), path
            answer = await caller.ask(method, path.replace("{", "").replace("}", ""), {}, token=None)
            assert answer.status_code == (200 if path == "/v1/health" else 401), path

    on_stage(story)


def test_a_service_from_its_beginning_to_its_end(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        caller = Caller(stage)
        begun = await caller.ask("POST", "/v1/services", service(envs={"HF_TOKEN": "hush-hush"}))
        assert (begun.status_code, begun.json()) == (201, {"name": "svc", "version": 1})
        await stage.until(lambda: stage.view()["status"] == "READY", "ready")
        shown = await caller.ask("GET", "/v1/services?name=svc")
        assert [one["name"] for one in shown.json()["services"]] == ["svc"]
        assert "hush-hush" not in shown.text
        assert stage.store.secrets("svc").token not in shown.text

        changed = await caller.ask("PUT", "/v1/services/svc", service(mode="blue_green"))
        assert changed.json() == {"name": "svc", "version": 2}
        left = (await caller.ask("GET", "/v1/services/svc/leftovers")).json()["leftovers"]
        assert "unit svc-r1: READY" in left
        assert (await caller.ask("DELETE", "/v1/services/svc")).status_code == 202
        await stage.gone()
        assert (await caller.ask("GET", "/v1/services")).json() == {"services": []}
        assert (await caller.ask("GET", "/v1/services/svc/leftovers")).json() == {"leftovers": []}

    on_stage(story)


def test_a_wrong_body_is_named_and_begins_nothing(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        caller = Caller(stage)
        for body, said in (
            (b"{", "JSON"),
            ([], "valid"),
            ({"name": "svc"}, "text: Field required"),
            (service(name="Svc"), "name: "),
            (service(name="a" * 101), "name: "),
            (service(name="../../etc"), "name: "),
            (service(more=1), "more: "),
            (service(envs={"A": 1}), "envs.A: "),
            (service(text="x" * (2**20 + 1)), "text: "),
            (service(text="service: [hush-hush"), "service.yaml:"),
            (service(text=text(replicas=0)), "service.yaml:"),
            (service(text=text(speed=-1)), "service.yaml:"),
            (service(text=""), "service.yaml"),
        ):
            status, message = await caller.error("POST", "/v1/services", body)
            assert status == 422, body
            assert said in message
            assert "\n" not in message
        assert stage.services.loops == {}
        assert stage.store.fleets() == []
        assert stage.provider.calls == []

    on_stage(story)


def test_a_wrong_body_does_not_read_out_secrets(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        caller = Caller(stage)
        for envs in ({"A": ["hush-hush"]}, "hush-hush", {"A": "hush-hush", "B": 3}):
            status, message = await caller.error("POST", "/v1/services", service(envs=envs))
            assert status == 422
            assert "hush-hush" not in message
        wrong = text(replicas="$REPLICAS").replace("'$REPLICAS'", "$REPLICAS")
        body = service(text=wrong, envs={"REPLICAS": "hush-hush"})
        status, message = await caller.error("POST", "/v1/services", body)
        assert status == 422
        assert "hush-hush" not in message

    on_stage(story)


def test_what_is_not_there_is_named(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        caller = Caller(stage)
        for method, path, body in (
            ("GET", "/v1/services?name=other", None),
            ("PUT", "/v1/services/other", service("other")),
            ("DELETE", "/v1/services/other", None),
            ("GET", "/v1/services/other/logs/replica-1", None),
        ):
            status, message = await caller.error(method, path, body)
            assert 400 <= status < 500
            assert "no service 'other'; known: there is none" in message
        assert await caller.error("GET", "/v1/nothing") == (404, "Not Found")
        assert (await caller.error("PATCH", "/v1/services"))[0] == 405
        await stage.up()
        assert (await caller.error("PUT", "/v1/services/other", service()))[1] == (
            "the path is for 'other', the body for 'svc'"
        )
        assert (
            "there is a service 'svc' already" in (await caller.error("POST", "/v1/services", service()))[1]
        )
        assert "mode: " in (await caller.error("PUT", "/v1/services/svc", service(mode="at once")))[1]

    on_stage(story)


@pytest.mark.parametrize("unit", ["replica-1", "svc-r1"])
def test_a_log_is_read_by_either_name(on_stage: OnStage, unit: str) -> None:
    async def story(stage: Stage) -> None:
        caller = Caller(stage)
        await stage.up()
        stage.provider.write_log("svc-r1", b"caf\xc3\xa9\n")
        log = await caller.ask("GET", f"/v1/services/svc/logs/{unit}")
        assert log.content == b"launched svc-r1\ncaf\xc3\xa9\n"

    on_stage(story)


def test_a_log_of_nobody_is_an_error(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        caller = Caller(stage)
        await stage.up()
        for unit in ("replica-9", "balancer-0", "svc-r9", "other-r1", "..", "replica-"):
            status, message = await caller.error("GET", f"/v1/services/svc/logs/{unit.replace('.', '%2E')}")
            assert 400 <= status < 500, unit
            if unit != "..":
                assert "known: svc-b1, svc-b2, svc-r1" in message

    on_stage(story)


def test_a_followed_log_ends_with_its_unit(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        caller = Caller(stage)
        await stage.up()
        stage.services.end("svc")
        log = await caller.ask("GET", "/v1/services/svc/logs/replica-1?follow=true")
        assert log.content == b"launched svc-r1\n"

    on_stage(story)


def test_the_controller_can_be_stopped(on_stage: OnStage) -> None:
    async def story(stage: Stage) -> None:
        caller = Caller(stage)
        assert (await caller.ask("POST", "/v1/stop")).status_code == 202
        assert caller.stopped

    on_stage(story)
