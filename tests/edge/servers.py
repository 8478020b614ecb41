"""The servers that the same bytes are sent through: this balancer, HAProxy, nginx, uvicorn and aiohttp.

Each is an address while its context lasts. Proxies stand before the same origin; uvicorn and aiohttp serve
the application themselves. The proxies' settings are the defaults, except for what they need to run here.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import uvicorn

from nightshift.processes import address_of, bind, reserve
from nightshift.proxy.server import Server
from nightshift.proxy.settings import Settings

Running = AbstractAsyncContextManager[str]
Make = Callable[[str, Path], Running]
"""From the origin's address and a folder for files."""

HAPROXY = """
global
    maxconn 500
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
    timeout http-request 5s
frontend f
    bind {address}
    default_backend b
backend b
    server s {origin}
"""
NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 500; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {address};
        location / {{
            proxy_pass http://{origin};
            proxy_http_version 1.1;
        }}
    }}
}}
"""


@asynccontextmanager
async def nightshift(origin: str, folder: Path) -> AsyncIterator[str]:
    """Run this balancer."""
    replica = {"id": "r", "address": origin}
    settings = {"name": "n", "region": "r", "replicas": [replica], "switches": {"to_replicas": "blind"}}
    server = Server(Settings.model_validate(settings))
    sock = bind("127.0.0.1", 0)
    await server.start(sock)
    await _until_answers(address_of(sock), b"/health")
    yield address_of(sock)
    await server.stop()


def _program(name: str, config: str, *arguments: str) -> Make:
    """Return how to run a proxy that is installed: `arguments` with {file} for its configuration."""

    @asynccontextmanager
    async def running(origin: str, folder: Path) -> AsyncIterator[str]:
        with reserve("127.0.0.1", 0) as held:
            address = address_of(held)
            file = folder / f"{name}.conf"
            file.write_text(config.format(address=address, origin=origin, folder=folder))
            process = await asyncio.create_subprocess_exec(
                _path(name),
                *(argument.format(file=file, folder=folder) for argument in arguments),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                await _until_answers(address, b"/v1/models")
                yield address
            finally:
                process.kill()
                await process.wait()

    return running


def _path(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        raise FileNotFoundError(f"{name} is not installed; on Debian: apt-get install {name}")
    return found


@asynccontextmanager
async def uvicorn_httptools(origin: str, folder: Path) -> AsyncIterator[str]:
    """Run the application on uvicorn, with the parser that this balancer uses too."""
    config = uvicorn.Config(_application, http="httptools", ws="none", lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    sock = bind("127.0.0.1", 0)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    await _until_answers(address_of(sock), b"/v1/models")
    yield address_of(sock)
    server.should_exit = True
    await serving


@asynccontextmanager
async def aiohttp_alone(origin: str, folder: Path) -> AsyncIterator[str]:
    """Return the origin itself, which is aiohttp's server."""
    yield origin


async def _application(scope: Any, receive: Any, send: Any) -> None:
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    seen = next((value for name, value in scope["headers"] if name == b"x"), b"")
    body = orjson.dumps({"x": seen.hex()})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _until_answers(address: str, path: bytes) -> None:
    host, _, port = address.rpartition(":")
    async with asyncio.timeout(10):
        while True:
            try:
                reader, writer = await asyncio.open_connection(host, int(port))
            except ConnectionError:
                await asyncio.sleep(0.02)
                continue
            writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            if b" 200 " in answer.partition(b"\r\n")[0]:
                return
            await asyncio.sleep(0.02)


SERVERS: dict[str, Make] = {
    "Nightshift": nightshift,
    "HAProxy": _program("haproxy", HAPROXY, "-db", "-f", "{file}"),
    "nginx": _program("nginx", NGINX, "-c", "{file}", "-p", "{folder}"),
    "uvicorn + httptools": uvicorn_httptools,
    "aiohttp": aiohttp_alone,
}
