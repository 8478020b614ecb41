"""Route53 as moto serves it, over HTTP, behind a gate that can refuse calls as AWS does."""

from collections.abc import Iterable, Iterator
from threading import Thread
from typing import Any
from xml.sax.saxutils import escape

import boto3
import pytest
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


class Gate:
    """Lets calls through to moto, notes them, and refuses the next ones that it is told to."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._refusals: list[tuple[str, str, str, int]] = []
        self.calls: list[str] = []

    def refuse(self, method: str, path: str, code: str, times: int = 1_000) -> None:
        """Answer the next calls whose path has `path` in it with an error."""
        self._refusals.append((method, path, code, times))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.calls.append(f"{method} {path}")
        for index, (refused, part, code, times) in enumerate(self._refusals):
            if method == refused and part in path and times > 0:
                self._refusals[index] = (refused, part, code, times - 1)
                start_response("400 Bad Request" if code == "Throttling" else "403 Forbidden", [])
                error = f"<Error><Code>{code}</Code><Message>{escape(path)}</Message></Error>"
                return [f"<ErrorResponse>{error}</ErrorResponse>".encode()]
        return self._app(environ, start_response)  # type: ignore[no-any-return]


class Aws:
    """What a test sees of the account. Its public zone is `example.org`."""

    def __init__(self, url: str, gate: Gate) -> None:
        self.url = url
        self.gate = gate
        self.client = boto3.client("route53", region_name="us-east-1", endpoint_url=url)
        self.zone = self.add_zone("example.org")

    def add_zone(self, name: str, **more: Any) -> str:
        made = self.client.create_hosted_zone(Name=name, CallerReference=str(len(self.gate.calls)), **more)
        return str(made["HostedZone"]["Id"])

    def records(self) -> list[dict[str, Any]]:
        """All records of the zone but those that every zone has."""
        there = self.client.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return [record for record in there if record["Type"] not in ("NS", "SOA")]

    def checks(self) -> list[dict[str, Any]]:
        return list(self.client.list_health_checks()["HealthChecks"])

    def add(self, **record: Any) -> None:
        """Make a record by hand."""
        change = {"Action": "CREATE", "ResourceRecordSet": {"TTL": 60, **record}}
        self.client.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch={"Changes": [change]})


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    gate = Gate()
    server = make_server("127.0.0.1", 0, gate, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Aws(f"http://127.0.0.1:{server.server_port}", gate)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        get_backend("route53").reset()
