"""The admin API says what the console says, refuses what is wrong in one line, and hides what is secret."""

import asyncio
from itertools import product
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from fastapi.openapi.models import OpenAPI
from prometheus_client.parser import text_string_to_metric_families

from nightshift.proxy.admin import gate, schemas

if TYPE_CHECKING:
    from tests.proxy.admin.conftest import Api, Play

WITH_TOKEN = [
    ("GET", "/admin/state"),
    ("GET", "/admin/decisions"),
    ("GET", "/admin/config"),
    ("POST", "/admin/drain"),
    ("POST", "/admin/reload"),
    ("PUT", "/admin/targets"),
    ("PUT", "/admin/settings"),
    ("POST", "/admin/replicas/r-1/drain"),
    ("POST", "/admin/replicas/r-1/undrain"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/admin/health/"),
    ("GET", "/nothing"),
]


def test_without_the_token_nothing_is_said_and_nothing_done(play: "Play") -> None:
    tokens = [None, "", "wrong", "a-secret-of-the-servic", "a-secret-of-the-servicé"]

    async def scene(api: "Api") -> None:
        for shown, (method, path) in product(tokens, WITH_TOKEN):
            status, content, headers = await api.ask(method, path, token=shown)
            assert (status, content["error"]["code"]) == (401, "service_token"), path
            assert headers["www-authenticate"].startswith("Bearer")
        assert api.console.told == []
        assert (await api.ask("GET", "/admin/health", token=None))[0] == 200

    play(scene)


def test_the_token_may_come_in_the_header_that_balancers_use(play: "Play") -> None:
    async def scene(api: "Api") -> None:
        own = {"x-nightshift-peer-token": "a-secret-of-the-service"}
        assert (await api.ask("GET", "/admin/state", token=None, headers=own))[0] == 200
        both = await api.ask("GET", "/admin/state", token="wrong", headers=own)
        assert both[0] == 401  # which of the two was meant?

    play(scene)


def test_what_is_asked_has_the_form_of_its_schema(play: "Play") -> None:
    async def scene(api: "Api") -> None:
        for path, schema in (
            ("/admin/health", schemas.Health),
            ("/admin/state", schemas.State),
            ("/admin/decisions?last=2", schemas.Decisions),
        ):
            status, content, _ = await api.ask("GET", path)
            assert status == 200
            schema.model_validate(content)
        decisions = (await api.ask("GET", "/admin/decisions?last=1"))[1]["decisions"]
        assert [one["target"] for one in decisions] == ["r-1"]
        config = (await api.ask("GET", "/admin/config"))[1]
        assert config == {"name": "b", "peer_token": "***", "limits": {"body_bytes": 1}}

    play(scene)


def test_metrics_are_a_page_for_a_scraper(play: "Play") -> None:
    async def scene(api: "Api") -> None:
        status, page, headers = await api.ask("GET", "/metrics")
        assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        names = {family.name for family in text_string_to_metric_families(page)}
        assert "nightshift_requests" in names
        accept = {"accept": "application/openmetrics-text; version=1.0.0"}
        assert (await api.ask("GET", "/metrics", headers=accept))[1].endswith("# EOF\n")

    play(scene)


def test_metrics_may_be_open_and_nothing_else_is(play: Any) -> None:
    async def scene(api: "Api") -> None:
        assert (await api.ask("GET", "/metrics", token=None))[0] == 200
        assert (await api.ask("GET", "/admin/state", token=None))[0] == 401

    play(scene, open_metrics=True)


def test_what_is_told_arrives(play: "Play") -> None:
    async def scene(api: "Api") -> None:
        assert (await api.ask("POST", "/admin/drain"))[:2] == (202, {"draining": True, "grace_s": 300.0})
        assert (await api.ask("POST", "/admin/drain", json={"grace_s": 5}))[1]["grace_s"] == 5
        targets = {"replicas": [{"id": "r-9", "address": "http://10.0.0.1:80"}], "peers": []}
        assert (await api.ask("PUT", "/admin/targets", json=targets))[1] == {"replicas": 1, "peers": 0}
        drained = {"id": "r-1", "draining": True, "outstanding": 2}
        assert (await api.ask("POST", "/admin/replicas/r-1/drain"))[1] == drained
        assert (await api.ask("POST", "/admin/replicas/a%2Fb/undrain"))[0] == 200
        assert (await api.ask("POST", "/admin/reload"))[1] == {"changed": ["limits.body_bytes"]}
        limits = {"limits": {"total_s": 60.0}}
        assert (await api.ask("PUT", "/admin/settings", json=limits))[1] == {"changed": ["limits"]}
        assert api.console.told == [
            ("drain", None),
            ("drain", 5.0),
            ("targets", ["r-9"]),
            ("draining", "r-1"),
            ("undraining", "a/b"),
            ("settings", limits),
        ]

    play(scene)


WRONG: list[tuple[str, bytes | None, int, str]] = [
    ("GET /admin/decisions?last=0", None, 422, "last: "),
    ("GET /admin/decisions?last=x", None, 422, "last: "),
    ("POST /admin/drain", b'{"grace_s": -1}', 422, "grace_s: "),
    ("POST /admin/drain", b'{"grace": 1}', 422, "grace: Extra inputs"),
    ("POST /admin/drain", b"{", 422, "JSON decode error"),
    ("POST /admin/drain", b'"\xff"', 400, "not JSON"),
    (
        "PUT /admin/targets",
        b'{"replicas": [{"id": "x", "address": "ftp://x"}]}',
        422,
        "replicas.0.address: must",
    ),
    (
        "PUT /admin/targets",
        b'{"peers": [{"id": "b", "address": "http://x"}]}',
        422,
        "this balancer itself",
    ),
    ("PUT /admin/settings", b'{"name": "c"}', 422, "only a new process"),
    ("PUT /admin/settings", b"[1]", 422, "valid dictionary"),
    ("POST /admin/replicas/nope/drain", None, 404, "no replica 'nope' here"),
    ("GET /nothing", None, 404, "/openapi.json"),
    ("DELETE /admin/state", None, 405, "this method"),
]


def test_what_is_wrong_is_one_line_in_openais_format(play: "Play") -> None:
    async def scene(api: "Api") -> None:
        for asked, body, status, words in WRONG:
            method, path = asked.split(" ")
            headers = {"content-type": "application/json"}
            got, content, _ = await api.ask(method, path, data=body, headers=headers)
            assert got == status, asked
            assert set(content["error"]) == {"message", "type", "param", "code"}
            assert words in content["error"]["message"]
            assert "\n" not in content["error"]["message"]
        assert api.console.told == []

    play(scene)


def test_a_wrong_configuration_is_refused_with_its_reason(play: "Play") -> None:
    async def scene(api: "Api") -> None:
        api.console.config_problem = "b.json: limits.body_bytes: must be greater than 0"
        status, content, _ = await api.ask("POST", "/admin/reload")
        assert (status, content["error"]["message"]) == (422, api.console.config_problem)

    play(scene)


def test_a_stranger_cannot_make_it_read_a_body(play: "Play", monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither parse nor wait for it: the answer comes first."""

    async def scene(api: "Api") -> None:
        host, port = api.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"PUT /admin/targets HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n{")
        assert (await reader.readline()).startswith(b"HTTP/1.1 401")
        await reader.read()  # it closes
        writer.close()

    play(scene)


def test_a_body_is_bounded_in_size_and_time(play: "Play", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MAX_BODY_BYTES", 100)
    monkeypatch.setattr(gate, "BODY_S", 0.01)

    async def scene(api: "Api") -> None:
        async def in_pieces() -> Any:
            yield b" " * 60
            yield b" " * 60

        for body in (b" " * 101, in_pieces()):
            status, content, _ = await api.ask("POST", "/admin/drain", data=body)
            assert (status, content["error"]["code"]) == (413, "body_too_large")
        host, port = api.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /admin/drain HTTP/1.1\r\nhost: x\r\nx-nightshift-peer-token: a-secret-of-the-service\r\n"
            b"content-length: 50\r\n\r\n{"
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()
        assert api.console.told == []

    play(scene)


def test_its_document_is_an_openapi_document_with_every_page_and_its_errors(play: "Play") -> None:
    async def scene(api: "Api") -> None:
        document = (await api.ask("GET", "/openapi.json"))[1]
        OpenAPI.model_validate(document)
        pages = {(m.upper(), path) for path, methods in document["paths"].items() for m in methods}
        own = {
            (method, path.replace("r-1", "{replica_id}"))
            for method, path in WITH_TOKEN
            if path not in ("/nothing", "/openapi.json", "/admin/health/")
        }
        assert pages == own | {("GET", "/admin/health")}
        for path, methods in document["paths"].items():
            for operation in methods.values():
                assert ("security" in operation) == (path != "/admin/health")
                assert ("401" in operation["responses"]) == (path != "/admin/health")
        assert orjson.dumps(document).count(b"HTTPValidationError") == 0

    play(scene)
