"""The application behind every server of the comparison: answers anything, and tells what it saw of header
`X`.
"""

import socket

from aiohttp import web

PAGE = "vllm:num_requests_waiting 0\nvllm:num_requests_running 1\n"


async def _answer(request: web.Request) -> web.Response:
    if request.path == "/metrics":
        return web.Response(text=PAGE)
    await request.read()
    seen = request.headers.get("x", "").encode("utf-8", "surrogateescape").hex()
    return web.json_response({"object": "list", "data": [{"id": "m", "object": "model"}], "x": seen})


async def serve_origin(sock: socket.socket) -> web.AppRunner:
    """Serve on `sock`; call `cleanup` of what is returned in the end."""
    app = web.Application(client_max_size=2**20)
    app.router.add_route("*", "/{path:.*}", _answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    return runner
