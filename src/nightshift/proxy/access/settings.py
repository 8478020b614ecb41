"""What the settings say of who may do what: clients' keys, the service's tokens, certificates.

Secrets are in no `repr`, and errors (see `Strict`) do not quote what was wrong.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, field_validator, model_validator

from nightshift.proxy.limits import Strict

KeyId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
"""Goes into logs and metrics, so it is short and plain."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]
Token = Annotated[str, Field(min_length=8, max_length=1_000, pattern=r"^[\x21-\x7e]+$")]
HeaderValue = Annotated[str, Field(min_length=1, max_length=4_000, pattern=r"^[\x21-\x7e]+( [\x21-\x7e]+)*$")]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class KeySettings(Strict):
    """A client's key: the SHA-256 of it, and what it may do. A limit that is left out is none."""

    id: KeyId
    """What logs and metrics call it."""
    sha256: Digest
    """Of the key, 64 hexadecimal digits; `nightshift keys new` prints it. The key itself is in no file."""
    requests_per_minute: int | None = Field(default=None, gt=0)
    """More are answered with 429. None: no limit."""
    tokens_per_minute: int | None = Field(default=None, gt=0)
    """Tokens of prompts and answers; who has used them up gets 429. None: no limit."""
    models: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The only models it may ask for, by the names that clients use. None: all."""
    tenant: str = ""
    """Whom its requests count for where tenants share fairly; the key's id when left out."""
    expires: AwareDatetime | None = None
    """From when on it is refused: date and time with the offset (`2027-01-31T00:00:00Z`). None: never."""


def check_keys_differ(keys: tuple[KeySettings, ...]) -> tuple[KeySettings, ...]:
    """Return `keys`. Raises ValueError when two have one id, or are one key."""
    ids: set[str] = set()
    digests: dict[str, str] = {}
    for key in keys:
        if key.id in ids:
            raise ValueError(f"the same id twice: {key.id}")
        if key.sha256 in digests:
            raise ValueError(f"{digests[key.sha256]} and {key.id} are the same key")
        ids.add(key.id)
        digests[key.sha256] = key.id
    return keys


class TlsSettings(Strict):
    """The certificate that this balancer shows, and what a handshake may take."""

    certificate: Path
    """PEM file: the certificate, then those between it and the authority."""
    key: Path
    """PEM file of its private key, without a passphrase."""
    handshake_s: Seconds = 10.0
    """Time for a handshake; then the connection is dropped."""
    handshakes: int = Field(default=512, gt=0)
    """Handshakes under way at once; a connection beyond them is dropped."""


class PeerTlsSettings(Strict):
    """Certificates between the balancers of a service (mutual TLS).

    The authority is the service's own: whoever has a certificate of it, and the token, is a peer.
    """

    ca: Path
    """PEM file of the service's own authority."""
    certificate: Path
    """PEM file of the certificate that balancers show each other, as servers and as clients."""
    key: Path
    """PEM file of its private key, without a passphrase."""


class UpstreamTlsSettings(Strict):
    """How the certificates of `https://` replicas and peers are checked."""

    ca: Path | None = None
    """PEM file of the authorities to trust; the system's when left out."""
    certificate: Path | None = None
    """The certificate to show, for who asks for one."""
    key: Path | None = None
    insecure_skip_verify: bool = False
    """Check nothing: whoever is between can read and change everything."""

    @model_validator(mode="after")
    def _pairs(self) -> "UpstreamTlsSettings":
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        if self.insecure_skip_verify and self.ca is not None:
            raise ValueError("insecure_skip_verify makes ca pointless; leave one of them out")
        return self


class AccessSettings(Strict):
    """The part of a balancer's settings that says who may do what."""

    keys: tuple[KeySettings, ...] = ()
    """The keys that clients must show. Without any, and without a file, everybody is served."""
    keys_file: Path | None = None
    """More keys, one JSON object in each line (`nightshift keys new`); can be reloaded."""
    pass_authorization: bool | None = None
    """Whether the client's Authorization goes on to the engine. Default: only if no keys are configured."""
    peer_token: tuple[Token, ...] = Field(default=(), repr=False)
    """The secret that balancers of a service share, and that their controller shows; or several.

    The first is shown, all are accepted, so that it can be changed without a gap: add the new one behind the
    old everywhere, then put it first everywhere, then take the old one out.
    """
    tls: TlsSettings | None = None
    peer_tls: PeerTlsSettings | None = None
    upstream_tls: UpstreamTlsSettings | None = None

    @field_validator("peer_token", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:  # noqa: ANN401 - before validation it may be anything
        if value is None:
            return ()
        return (value,) if isinstance(value, str) else value

    @field_validator("keys")
    @classmethod
    def _keys_differ(cls, keys: tuple[KeySettings, ...]) -> tuple[KeySettings, ...]:
        return check_keys_differ(keys)

    @model_validator(mode="after")
    def _peers_show_certificates_over_tls(self) -> "AccessSettings":
        if self.peer_tls is not None and self.tls is None:
            raise ValueError("peer_tls needs tls: certificates are shown in a TLS handshake")
        return self

    @property
    def has_keys(self) -> bool:
        """Whether clients must show a key."""
        return bool(self.keys) or self.keys_file is not None

    @property
    def passes_authorization(self) -> bool:
        """Whether the client's Authorization goes on to the engine: it may check it itself."""
        return not self.has_keys if self.pass_authorization is None else self.pass_authorization
