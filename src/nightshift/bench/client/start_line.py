"""The common start of several clients, told by who started them once all are ready.

A client that has its conversations made writes `{"event": "prepared"}` to standard output, and reads from
standard input one line with time 0 in seconds of CLOCK_MONOTONIC. So nobody has to guess how long preparing
takes, and no client begins late.
"""

import asyncio
import sys

import orjson

from nightshift.errors import UserError

PREPARED = "prepared"


async def told_start() -> float:
    """Say that all is prepared, and return the start. Raises `UserError` if nobody says one."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    sys.stdout.write(orjson.dumps({"event": PREPARED}).decode() + "\n")
    sys.stdout.flush()
    try:
        return float(await reader.readline())
    except ValueError as error:
        raise UserError(
            "--start-at-told: no time came on standard input; the program that started this client has ended"
        ) from error
    finally:
        transport.close()
