"""Sends one row of the corpus to a server, and says whether what came back conforms."""

import asyncio
from dataclasses import dataclass

import orjson
from tests.edge.corpus import CLOSED, SILENT, Row

FOLLOW_UP = b"GET /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
_ENDED = (asyncio.IncompleteReadError, ConnectionError)


@dataclass(frozen=True)
class Verdict:
    """What one server did with one row; `miss` says in a few words what is wrong with it, if anything."""

    row: Row
    status: int
    closed: bool | None
    miss: str


@dataclass
class _Response:
    status: int
    body: bytes
    ends: bool
    """Whether the connection ended with it."""


async def judge(row: Row, address: str, patience_s: float) -> Verdict:
    """Send the row over a connection of its own."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=2**20)
    try:
        writer.write(row.data)
        responses = await _responses(row, reader, patience_s)
        if not responses or isinstance(responses[-1], int):
            closed = responses[-1] == CLOSED if responses else None
        else:
            closed = responses[-1].ends or await _is_closed(reader, writer, patience_s)
        return _verdict(row, responses, closed)
    finally:
        writer.transport.abort()


async def _responses(row: Row, reader: asyncio.StreamReader, patience_s: float) -> list["_Response | int"]:
    found: list[_Response | int] = []
    for _ in range(row.answers):
        try:
            async with asyncio.timeout(patience_s):
                found.append(await _response(reader, head=row.head))
        except TimeoutError:
            return [*found, SILENT]
        except _ENDED:
            return [*found, CLOSED]
    return found


async def _response(reader: asyncio.StreamReader, *, head: bool) -> _Response:
    status = 100
    while 100 <= status < 200 and status != 101:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
    fields = {k.lower(): v.lower() for k, _, v in (line.partition(": ") for line in lines[1:] if line)}
    ends = fields.get("connection") == "close"
    if head or status in {101, 204}:
        return _Response(status, b"", ends)
    if fields.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return _Response(status, body, ends)
    if "content-length" in fields:
        return _Response(status, await reader.readexactly(int(fields["content-length"])), ends)
    return _Response(status, await reader.read(), ends=True)


async def _is_closed(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience_s: float
) -> bool | None:
    """Ask once more: an answer means open, an end closed, nothing neither."""
    try:
        writer.write(FOLLOW_UP)
        async with asyncio.timeout(patience_s):
            await _response(reader, head=False)
    except TimeoutError:
        return None
    except _ENDED:
        return True
    return False


def _verdict(row: Row, responses: list[_Response | int], closed: bool | None) -> Verdict:
    statuses = [one if isinstance(one, int) else one.status for one in responses]
    status = next((one for one in statuses if one not in row.accepted), statuses[0])
    miss = ""
    if status not in row.accepted:
        miss = {CLOSED: "closed without an answer", SILENT: "silence"}.get(status, str(status))
    elif row.closes and closed is not True and status > 0:
        miss = f"{status}, and stays open"
    elif row.closes is False and closed is not False:
        miss = f"{status}, and closes"
    elif row.never and status == 200 and row.never in _seen(responses[0]):
        miss = "passed on as it is"
    return Verdict(row, status, closed, miss)


def _seen(response: _Response | int) -> bytes:
    """Return the value of the header `X` as the application saw it."""
    if isinstance(response, int):
        return b""
    return bytes.fromhex(orjson.loads(response.body)["x"])
