"""The settings of what is seen, and where: access log, traces, admin listener."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, SerializationInfo, field_serializer

from nightshift.proxy.admin.settings import AdminSettings
from nightshift.proxy.limits import Strict


def _collector(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be the URL of an OTLP/HTTP collector, such as http://127.0.0.1:4318/v1/traces")
    if parts.username or parts.password:
        raise ValueError("has a password in it; put it into `headers`, which are never shown")
    return endpoint if parts.path.strip("/") else endpoint.rstrip("/") + "/v1/traces"


CLEAR = {"secrets": "clear"}
"""The context in which settings are dumped with their secrets: for another process of ours."""


class OtelSettings(Strict):
    """OpenTelemetry traces by OTLP over HTTP."""

    endpoint: Annotated[str, AfterValidator(_collector)]
    """URL of the collector; without a path, `/v1/traces` is added."""
    sample_ratio: float = Field(default=0.01, ge=0, le=1)
    """Share of requests that are recorded, the same ones at every balancer."""
    trust_callers: bool = False
    """Whether a caller's "sampled" is obeyed. Not on a public address: anybody could have all recorded."""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Sent with every batch, such as an API key of the collector."""

    @field_serializer("headers")
    def _masked(self, headers: dict[str, SecretStr], info: SerializationInfo) -> dict[str, str]:
        clear = info.context == CLEAR
        return {name: value.get_secret_value() if clear else str(value) for name, value in headers.items()}


class SeenSettings(Strict):
    """All of it is off unless given."""

    access_log: str | None = Field(default=None, min_length=1)
    """A file that gets one JSON line for each request; `-` is standard output."""
    otel: OtelSettings | None = None
    """Where traces go."""
    admin: AdminSettings | None = None
    """The listener of the admin API. It needs a `peer_token`, which its callers show."""
