"""The body that arrives at the engine is the client's, byte for byte, and so is the answer's on the way
back.
"""

import http.client

import pytest
from tests.clients.scripted import Reply, ScriptedEngine

CHAT = "/v1/chat/completions"
MESSAGES = b'"messages":[{"role":"user","content":"hello"}]'
ODD_BODIES = {
    "unknown fields": b'{"model":"m",%b,"x_new":{"deep":[null,true,{}]},"guided_json":{"a":1}}' % MESSAGES,
    "spacing": b' \r\n{ "model" :\t"m" ,\n  %b }\n\n' % MESSAGES,
    "numbers": b'{"model":"m",%b,"temperature":1.0e2,"top_p":0.10,"seed":12345678901234567,"x":-0.0,"y":1E+2}'
    % MESSAGES,
    "a number beyond 64 bits": b'{"model":"m",%b,"x":123456789012345678901234567890}' % MESSAGES,
    "escapes": rb'{"model":"m","messages":[{"role":"user","content":"\u00e9\ud83d\ude00\/\u0000"}]}',
    "UTF-8": '{"model":"m","messages":[{"role":"user","content":"é😀 日本"}]}'.encode(),
    "a field twice": b'{"model":"m",%b,"temperature":1,"temperature":2}' % MESSAGES,
    "order of fields": b'{"z":1,%b,"a":2,"model":"m"}' % MESSAGES,
    "escaped names": rb'{"model":"m","\u006dessages":[{"role":"user","content":"x"}]}',
    "content parts": b'{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},'
    b'{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}',
    "a large body": b'{"model":"m","messages":[{"role":"user","content":"%b"}]}' % (b"lorem " * 100_000),
}
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer k", "X-Own": "kept"}


def post(address: str, path: str, body: object, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    chunked = not isinstance(body, bytes)
    try:
        connection.request("POST", path, body, headers or HEADERS, encode_chunked=chunked)  # type: ignore[arg-type]
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("name", ODD_BODIES)
def test_a_body_arrives_as_it_was_sent(scripted: str, engine: ScriptedEngine, name: str) -> None:
    answer = b' {"odd" : 1.0e2,\r\n "b":"\\u00e9"} '
    engine.script = lambda seen: Reply(body=answer)
    assert post(scripted, CHAT, ODD_BODIES[name]) == (200, answer)
    seen = engine.seen.get(timeout=1)
    assert seen.body == ODD_BODIES[name]
    assert seen.headers["content-length"] == str(len(seen.body))
    assert seen.headers["authorization"] == "Bearer k"
    assert seen.headers["x-own"] == "kept"


def test_chunks_are_joined_and_nothing_else(scripted: str, engine: ScriptedEngine) -> None:
    body = ODD_BODIES["spacing"]
    headers = {**HEADERS, "Transfer-Encoding": "chunked"}
    assert post(scripted, CHAT, (body[n : n + 7] for n in range(0, len(body), 7)), headers)[0] == 200
    seen = engine.seen.get(timeout=1)
    assert seen.body == body
    assert "transfer-encoding" not in seen.headers


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/rerank", "/v1/score", "/v1/responses"])
def test_other_paths_carry_anything(scripted: str, engine: ScriptedEngine, path: str) -> None:
    body = b'{ "model":"m", "input":"\\ud83d\\ude00", "n":1.0e2 }'
    assert post(scripted, path, body)[0] == 200
    seen = engine.seen.get(timeout=1)
    assert (seen.path, seen.body) == (path, body)
