"""The client's side of HTTP/1.1: framing, order, limits, and what is said to a wrong request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

if TYPE_CHECKING:
    from tests.proxy.conftest import Play, World

CHAT_PATH = "/v1/chat/completions"
BODY = b'{"model":"m","messages":[{"role":"user","content":"hello"}]}'
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"


def with_length(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


WRONG_REQUESTS = {
    "bad JSON": (with_length(b"{"), 400, "invalid_json", "not JSON"),
    "empty body": (with_length(b""), 400, "invalid_json", "empty"),
    "not an object": (with_length(b"[1]"), 400, "invalid_value", "the request body must be a JSON object"),
    "no messages": (with_length(b'{"model":"m"}'), 400, "invalid_value", "messages must be"),
    "stream is no boolean": (
        with_length(BODY[:-1] + b',"stream":"yes"}'),
        400,
        "invalid_value",
        "stream must be true",
    ),
    "deep nesting": (with_length(b'{"a":' + b"[" * 10_000), 400, "invalid_json", "not JSON"),
    "lone surrogate": (with_length(rb'{"messages":[{"role":"user","content":"\ud800"}]}'), 400, "", "JSON"),
    "not a number": (with_length(b'{"temperature":NaN}'), 400, "invalid_json", "not JSON"),
    "unknown path": (b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 404, "unknown_path", "/v1/"),
    "unknown own path": (b"GET /nightshift/x HTTP/1.1\r\nHost: x\r\n\r\n", 404, "unknown_path", ""),
    "wrong method": (b"GET /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\r\n", 405, "", "allowed: POST"),
    "TRACE": (b"TRACE /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\r\n", 405, "", "allowed: POST"),
    "wrong method of the API": (b"DELETE /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", 405, "", "GET, HEAD"),
}

# One of each kind; all rules are in test_request.py.
BROKEN_REQUESTS = {
    "TE and CL": (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
    "unknown coding": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "bad chunk size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", 400),
    "bare LF": (b"GET /health HTTP/1.1\nHost: a\n\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01", 400),
    "upgrade": (b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", 501),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501),
    "expectation": (HEAD + b"Expect: a-pony\r\nContent-Length: 3\r\n\r\n", 417),
    "endless header": (b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 900_000, 431),
    "endless target": (b"GET /" + b"y" * 900_000, 414),
    "many headers": (b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 200 + b"\r\n", 431),
    "announced too long": (HEAD + b"Content-Length: 2000000\r\n\r\n", 413),
    "chunked too long": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"ffff\r\n%b\r\n" % (b"x" * 65535) * 20,
        413,
    ),
}


def test_a_wrong_request_is_told_why_and_the_connection_goes_on(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        for name, (data, status, code, words) in WRONG_REQUESTS.items():
            wire.send(data)
            response = await wire.response()
            error = response.json()["error"]
            assert response.status == status, name
            assert set(error) == {"message", "type", "param", "code"}
            assert code in error["code"], name
            assert words in error["message"], name
            assert response.headers["x-nightshift-balancer"] == "here"
            assert ("allow" in response.headers) == (status == 405)
        assert engine.idle, "none has reached an engine"

    play(scene)


@pytest.mark.parametrize("name", BROKEN_REQUESTS)
def test_broken_framing_is_refused_and_nothing_after_it_is_read(play: Play, name: str) -> None:
    data, status = BROKEN_REQUESTS[name]

    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine, limits={"body_bytes": 2**20})).connect()
        wire.send(data)
        wire.send(with_length(BODY))
        response = await wire.response()
        assert response.status == status
        assert response.headers["connection"] == "close"
        assert response.json()["error"]["type"] in {
            "invalid_request_error",
            "not_found_error",
            "server_error",
        }
        assert await wire.rest() == b""
        assert engine.idle

    play(scene)


@pytest.mark.parametrize("more", ["", "Expect: 100-continue\r\n"])
@pytest.mark.parametrize(
    ("line", "status"),
    [("POST /nowhere", 404), ("PUT /v1/score", 405), ("POST /v1/score", None), ("TRACE /v1/score", 405)],
)
def test_a_body_for_nobody_is_not_waited_for(play: Play, line: str, status: int | None, more: str) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.send(f"{line} HTTP/1.1\r\nHost: a\r\n{more}Content-Length: 3\r\n\r\n".encode())
        if status is None:
            if more:
                assert (await wire.head()).status == 100
            wire.send(b"{ }")
            (await engine.request()).answer_json({})
            return
        response = await wire.response()
        assert response.status == status
        assert response.headers["connection"] == "close"
        assert await wire.rest() == b""

    play(scene)


def test_pipelined_requests_are_answered_in_order(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.send(with_length(BODY.replace(b"hello", b"first")))
        wire.get("/nightshift/health")
        wire.send(with_length(BODY.replace(b"hello", b"second")))
        wire.send(b"broken\r\n\r\n")
        first = await engine.request()
        assert b"first" in first.body
        assert engine.idle, "the next one waits for the answer to this one"
        first.answer_json({"n": 1})
        assert (await wire.response()).json() == {"n": 1}
        assert (await wire.response()).json()["name"] == "here"
        second = await engine.request()
        assert b"second" in second.body
        second.answer_json({"n": 2})
        assert (await wire.response()).json() == {"n": 2}
        assert (await wire.response()).status == 400

    play(scene)


def test_many_pipelined_requests_neither_recurse_nor_pile_up(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        for _ in range(3000):
            wire.get("/nightshift/health")
        for _ in range(3000):
            assert (await wire.response()).status == 200
        for number in range(100):
            wire.send(with_length(BODY.replace(b"hello", b"%d" % number)))
        for number in range(100):
            (await engine.request()).answer_json({"n": number})
            assert (await wire.response()).json() == {"n": number}

    play(scene)


def test_a_request_may_come_byte_by_byte(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.writer.transport.get_extra_info("socket").setsockopt(6, 1, 1)  # TCP_NODELAY
        for byte in with_length(BODY):
            wire.send(bytes([byte]))
            await wire.writer.drain()
        asked = await engine.request()
        assert asked.body == BODY

    play(scene)


def test_a_chunked_body_of_any_cut_arrives_whole_with_a_length(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        for size in (1, 7, len(BODY)):
            wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
            for start in range(0, len(BODY), size):
                piece = BODY[start : start + size]
                wire.send(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece))
            wire.send(b"0\r\nTrailer: 1\r\n\r\n")
            asked = await engine.request()
            assert asked.body == BODY
            assert asked.headers["content-length"] == str(len(BODY))
            assert not {"transfer-encoding", "trailer"} & set(asked.headers)
            asked.answer_json({})
            await wire.response()

    play(scene)


def test_headers_of_the_hop_go_no_further(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.chat(more="Connection: keep-alive, X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\nX-Yours: 2\r\n")
        asked = await engine.request()
        assert not {"connection", "x-mine", "te"} & set(asked.headers)
        assert asked.headers["x-yours"] == "2"
        asked.answer_json({}, more="Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n")
        assert not {"connection", "x-hop", "keep-alive"} & set((await wire.response()).headers)

    play(scene)


def test_a_client_that_waits_is_told_to_continue(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        for _ in range(2):
            wire.send(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY))
            assert (await wire.head()).status == 100
            wire.send(BODY)
            asked = await engine.request()
            assert "expect" not in asked.headers
            asked.answer_json({"ok": 1})
            assert (await wire.response()).json() == {"ok": 1}

    play(scene)


def test_continue_waits_for_its_turn(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.send(with_length(BODY))
        wire.send(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY))
        (await engine.request()).answer_json({"first": 1})
        assert (await wire.response()).json() == {"first": 1}
        assert (await wire.head()).status == 100
        wire.send(BODY)
        (await engine.request()).answer_json({"second": 1})
        assert (await wire.response()).json() == {"second": 1}

    play(scene)


def test_http_1_0(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        old = with_length(BODY).replace(b"HTTP/1.1", b"HTTP/1.0")

        wire = await balancer.connect()
        wire.send(old.replace(b"Host: x", b"Connection: keep-alive"))
        (await engine.request()).answer_json({"kept": 1})
        response = await wire.response()
        assert response.headers["connection"] == "keep-alive"

        wire.send(old)
        asked = await engine.request()
        asked.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        head = await wire.head()
        assert "transfer-encoding" not in head.headers
        assert await wire.rest() == b"abc"

        wire = await balancer.connect()
        body = BODY[:-1] + b',"stream":true}'
        wire.send(b"POST /v1/chat/completions HTTP/1.0\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        response = await wire.response()
        assert response.status == 400
        assert "HTTP/1.1" in response.json()["error"]["message"]

    play(scene)


def test_connection_close_is_honoured(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.send(with_length(BODY).replace(b"Host: x", b"Host: x\r\nConnection: close"))
        wire.send(b"GET /this/is/not/read HTTP/1.1\r\n\r\n")
        (await engine.request()).answer_json({"last": 1})
        response = await wire.response()
        assert response.headers["connection"] == "close"
        assert response.json() == {"last": 1}
        assert await wire.rest() == b""

    play(scene)


def test_the_absolute_form_is_a_path(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine)).connect()
        wire.send(b"POST http://x/v1/score?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        asked = await engine.request()
        assert asked.head == "POST /v1/score?x=1 HTTP/1.1"

    play(scene)


def test_a_refused_upload_can_read_its_refusal(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        wire = await (await world.balancer(engine, limits={"body_bytes": 1000})).connect()
        wire.send(HEAD + b"Content-Length: 8000000\r\n\r\n" + b"x" * 8_000_000)
        response = await wire.response()
        assert response.status == 413
        assert "1000 bytes" in response.json()["error"]["message"]

    play(scene)


def test_the_server_as_a_whole_may_be_asked_what_it_can_do(play: Play) -> None:
    async def scene(world: World) -> None:
        wire = await (await world.balancer()).connect()
        wire.get("*", method="OPTIONS")
        response = await wire.response()
        assert (response.status, response.headers["allow"]) == (200, "GET, HEAD, POST, DELETE")

    play(scene)


def test_own_pages(play: Play) -> None:
    async def scene(world: World) -> None:
        engine = await world.engine()
        balancer = await world.balancer(engine)
        wire = await balancer.connect()
        wire.get("/health")
        assert (await wire.response()).json() == {"status": "ok", "replicas": 1, "peers": 0}
        wire.get("/nightshift/health")
        assert (await wire.response()).json() == {"status": "ok", "name": "here", "region": "region-here"}
        state = await balancer.state()
        assert state["replica"]["here-0"].pop("report_age_s") < 10
        assert state["replica"]["here-0"] == {
            "outstanding": 0,
            "pending": 0,
            "running": 1,
            "kv_use": None,
            "health": "up",
            "models": None,
            "reachable": True,
            "available": True,
        }
        assert state["region"] == "region-here"
        engine.page = "<html>"
        await world.heard_from(balancer, replicas=0)
        wire.get("/health")
        response = await wire.response()
        assert response.status == 503
        assert orjson.loads(response.body)["replicas"] == 0

    play(scene)
