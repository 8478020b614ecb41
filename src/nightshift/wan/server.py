"""The process `nightshift wan run`: a relay and its control API, from ready line to signal."""

import asyncio
import signal

from nightshift.processes import announce_ready
from nightshift.wan.control import Control
from nightshift.wan.relay import Relay, open_socket
from nightshift.wan.spec import WanSpec


async def serve(spec: WanSpec) -> None:
    """Relay until SIGTERM or SIGINT. Every socket is opened before any serves."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    relay = Relay(spec)
    control = Control(relay, open_socket(spec.control, "control")) if spec.control else None
    await relay.serve()
    if control:
        await control.serve()
    announce_ready(
        links={link.name: link.address for link in relay.links}, control=control.address if control else None
    )
    await stop.wait()
    if control:
        await control.close()
    await relay.close()
