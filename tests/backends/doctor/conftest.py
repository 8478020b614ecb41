"""An engine that says what a test wants it to, and the doctor before it, in one event loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from nightshift.backends.doctor.checks import Check, Findings, State
from nightshift.backends.doctor.examine import examine
from nightshift.processes import address_of, bind

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@dataclass
class Scripted:
    """Pages by path: (status, body), or a handler. What is not there is 404."""

    pages: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append((request.method, request.path))
        self.keys.append(request.headers.get("authorization"))
        page = self.pages.get(request.path, (404, b'{"detail":"Not Found"}'))
        if callable(page):
            answer: web.StreamResponse = await page(request)
            return answer
        status, body, *more = page
        headers = {"content-type": "application/json", "date": "Mon, 23 Nov 2026 12:00:00 GMT"}
        return web.Response(
            status=status, body=body, headers={**headers, **self.headers, **(more[0] if more else {})}
        )

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = web.Server(self.handle)
        runner = web.ServerRunner(server)
        await runner.setup()
        sock = bind("127.0.0.1", 0)
        await web.SockSite(runner, sock).start()
        try:
            yield address_of(sock)
        finally:
            await runner.cleanup()


def examined(scripted: Scripted, **options: Any) -> Findings:
    async def main() -> Findings:
        async with asyncio.timeout(30), scripted.serving() as address:
            return await examine(address, utc_now=lambda: NOW, **options)

    return asyncio.run(main())


def by_name(findings: Findings) -> dict[str, Check]:
    return {check.name: check for check in findings.checks}


def state(findings: Findings, name: str) -> State:
    return by_name(findings)[name].state


Page = Callable[[web.Request], Awaitable[web.StreamResponse]]
