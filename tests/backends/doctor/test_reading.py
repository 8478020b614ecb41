"""What the doctor finds in the pages of each engine, without generating anything."""

from pathlib import Path

import orjson
import pytest
from aiohttp import web
from tests.backends.doctor.conftest import Scripted, by_name, examined, state

from nightshift.backends.doctor.asking import EngineError, checked_url
from nightshift.backends.doctor.checks import State
from nightshift.errors import UserError

PAGES = Path(__file__).parents[1] / "adapters" / "pages"


def page(name: str) -> bytes:
    return (PAGES / name).read_bytes()


def models(owner: str, name: str = "m", **more: object) -> tuple[int, bytes]:
    card = {"id": name, "object": "model", "created": 1795461487, "owned_by": owner, **more}
    return 200, orjson.dumps({"object": "list", "data": [card]})


GOOD = {
    "vllm": {
        "/v1/models": models("vllm"),
        "/metrics": (200, page("vllm.txt")),
        "/version": (200, b'{"version": "0.32.0"}'),
    },
    "sglang": {
        "/v1/models": models("sglang"),
        "/metrics": (200, page("sglang.txt")),
        "/get_server_info": (200, b'{"version": "0.5.9", "api_key": "sk-very-secret"}'),
    },
    "llama.cpp": {
        "/v1/models": models("llamacpp"),
        "/metrics": (200, page("llama_cpp_idle.txt")),
        "/props": (200, b'{"build_info": "b9999-abc"}'),
    },
    "tgi": {
        "/v1/models": models("org/m", "org/m", created=0),
        "/metrics": (200, page("tgi.txt")),
        "/info": (200, b'{"version": "3.3.7", "model_id": "org/m"}'),
    },
    "tensorrt-llm": {
        "/v1/models": models("tensorrt_llm"),
        "/metrics": (200, page("tensorrt_llm_iterations.txt")),
        "/prometheus/metrics": (200, page("tensorrt_llm_prometheus.txt")),
        "/version": (200, b'{"version": "1.3.0"}'),
    },
}


@pytest.mark.parametrize("engine", GOOD)
def test_an_engine_that_shows_all(engine: str) -> None:
    scripted = Scripted({"/health": (200, b""), **GOOD[engine]})
    findings = examined(scripted)
    assert findings.ok
    assert findings.engine == engine
    assert findings.version in {"0.32.0", "0.5.9", "b9999-abc", "3.3.7", "1.3.0"}
    read = [check for check in findings.checks if check.state is not State.NOT_ASKED]
    assert {check.state for check in read} == {State.OK}
    assert "very-secret" not in repr(findings)
    assert {method for method, _ in scripted.asked} == {"GET"}, "without --probe it only reads"


@pytest.mark.parametrize(
    ("engine", "status", "advice"),
    [
        ("sglang", 404, "--enable-metrics"),
        ("llama.cpp", 501, "--metrics"),
        ("tensorrt-llm", 404, "return_perf_metrics"),
        ("tgi", 404, "--prometheus-port"),
        ("llama.cpp", 401, "without a key"),
        ("vllm", 500, "is the engine well"),
    ],
)
def test_an_engine_without_metrics_is_told_how(engine: str, status: int, advice: str) -> None:
    pages = {**GOOD[engine], "/health": (200, b"")}
    pages |= dict.fromkeys(("/metrics", "/prometheus/metrics"), (status, b'{"error": {"message": "none"}}'))
    findings = examined(Scripted(pages))
    assert findings.engine == engine, "its list of models tells it"
    assert not findings.ok
    assert advice in by_name(findings)["metrics"].advice


def test_each_gauge_by_itself() -> None:
    without = b"\n".join(line for line in page("vllm.txt").split(b"\n") if b"num_requests_w" not in line)
    findings = examined(Scripted({**GOOD["vllm"], "/metrics": (200, without)}))
    assert state(findings, "waiting requests") is State.MISSING
    assert "--disable-log-stats" in by_name(findings)["waiting requests"].advice
    assert state(findings, "running requests") is State.OK
    assert state(findings, "health") is State.WARN, "404 here"


def test_tensorrt_llm_without_iteration_statistics() -> None:
    pages = GOOD["tensorrt-llm"] | {"/prometheus/metrics": (200, page("tensorrt_llm_1_1_prometheus.txt"))}
    findings = examined(Scripted(pages))
    assert "enable_iter_perf_stats" in by_name(findings)["waiting requests"].advice


def test_an_engine_that_is_not_known() -> None:
    findings = examined(Scripted({"/v1/models": models("me"), "/metrics": (200, page("other_software.txt"))}))
    assert findings.engine is None
    assert "--engine" in by_name(findings)["waiting requests"].advice


def test_the_engine_can_be_named() -> None:
    findings = examined(Scripted({"/v1/models": models("me")}), engine="sglang")
    assert findings.engine == "sglang"
    with pytest.raises(UserError, match="unknown engine 'gpt'"):
        examined(Scripted({"/v1/models": models("me")}), engine="gpt")


def test_connections_that_close_and_clocks_that_differ() -> None:
    date = {"date": "Mon, 23 Nov 2026 12:01:00 GMT", "connection": "close"}
    findings = examined(Scripted(GOOD["vllm"], headers=date))
    assert state(findings, "keep-alive") is State.WARN
    assert (state(findings, "clock"), by_name(findings)["clock"].found) == (State.WARN, "60 s from here")
    assert state(examined(Scripted(GOOD["vllm"], headers={"date": "soon"})), "clock") is State.OK


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((401, b'{"error": "no"}'), "wants a key.*--api-key.*NIGHTSHIFT_ENGINE_API_KEY"),
        ((403, b""), "wants a key"),
        ((200, b"<html>"), "web page"),
        ((404, b"\n<!DOCTYPE html>"), "web page"),
        ((302, b"", {"location": "https://login"}), "redirects to https://login"),
    ],
)
def test_what_answers_is_no_engine(answer: tuple[object, ...], says: str) -> None:
    with pytest.raises(EngineError, match=says):
        examined(Scripted({"/v1/models": answer}))


def test_the_key_goes_to_the_engine_and_nowhere_else() -> None:
    async def repeats(request: web.Request) -> web.Response:
        return web.json_response(
            {"error": {"message": f"odd: {request.headers['authorization']}"}}, status=500
        )

    scripted = Scripted({**GOOD["vllm"], "/metrics": repeats, "/health": repeats})
    findings = examined(scripted, api_key="sk-mine")
    assert set(scripted.keys) == {"Bearer sk-mine"}
    assert "odd: Bearer ***" in by_name(findings)["health"].found
    assert "sk-mine" not in repr(findings)


@pytest.mark.parametrize("body", [b"[]", b"null", b'{"data": 3}', b'{"data": [3, {}, {"id": 4}]}', b"\xff"])
def test_garbage_for_models_is_a_warning(body: bytes) -> None:
    assert state(examined(Scripted({"/v1/models": (200, body)})), "models") is State.WARN


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("10.1.0.4:8000", "http://10.1.0.4:8000"),
        ("http://h:1/v1/", "http://h:1"),
        ("https://h/engine/v1", "https://h/engine"),
        ("[::1]:80", "http://[::1]:80"),
    ],
)
def test_addresses(url: str, base: str) -> None:
    assert checked_url(url) == base


@pytest.mark.parametrize("url", ["", "ftp://h", "http://", "http://h:x", "http://h:99999", "http://[h"])
def test_no_address(url: str) -> None:
    with pytest.raises(UserError, match="give http://HOST:PORT"):
        checked_url(url)


def test_a_key_in_the_address_is_not_repeated() -> None:
    with pytest.raises(UserError, match="--api-key") as refused:
        checked_url("http://user:hush@h:1")
    assert "hush" not in str(refused.value)
