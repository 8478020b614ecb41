"""TLS contexts: what this balancer shows to clients, and how it checks replicas and peers.

TLS 1.2 and later, and of 1.2 only the suites with forward secrecy and AEAD (RFC 9325 4.2); ALPN offers
http/1.1, the only protocol that is spoken here. A reload makes new contexts from the files and puts them in
place when all are good: handshakes from then on use them, connections that are open keep what they have.

Where balancers have certificates, clients and peers still share a port: a certificate is asked for and not
required, so clients come without one; one that is shown must be the service's, else the handshake fails; and
who calls itself a peer without one is not believed (`tokens.py`).

uvloop ends a connection without an exception whether TLS said that it ends or somebody cut it (TCP closes
without close_notify, RFC 9112 9.8). A protocol tells by `eof_received`, which comes in the first case only.
"""

import ssl
from asyncio import BaseTransport
from datetime import datetime

from nightshift.proxy.access.certificates import doubts, load_authorities, load_pair
from nightshift.proxy.access.settings import AccessSettings, PeerTlsSettings, TlsSettings, UpstreamTlsSettings

_SUITES = "ECDHE+AESGCM:ECDHE+CHACHA20"


class ServerTls:
    """The certificate that this balancer shows. `context` is for the handshakes of now."""

    def __init__(self, tls: TlsSettings, peer_tls: PeerTlsSettings | None = None) -> None:
        """Raises `UserError`."""
        self.settings = tls
        self._peer_tls = peer_tls
        self.context = server_context(tls, peer_tls)

    def reload(self) -> None:
        """Read the files again. Raises `UserError`; then nothing has changed."""
        self.context = server_context(self.settings, self._peer_tls)

    def doubts(self, today: datetime) -> list[str]:
        """Return what an operator should know of the certificates, a line each."""
        lines = doubts(self.settings.certificate, today)
        if self._peer_tls is not None:
            lines += doubts(self._peer_tls.ca, today) + doubts(self._peer_tls.certificate, today)
        return lines


class ClientTls:
    """How this balancer connects to `https://` targets. Contexts are made when first asked for.

    One context serves all connections of its kind, so that endpoints can be compared by it.
    """

    def __init__(self, settings: AccessSettings) -> None:
        self._upstream = settings.upstream_tls or UpstreamTlsSettings()
        self._peer = settings.peer_tls
        self._made: dict[str, ssl.SSLContext] = {}

    def for_replicas(self) -> ssl.SSLContext:
        """Return the context for replicas. Raises `UserError`."""
        return self._made.get("replicas") or self._made.setdefault(
            "replicas", upstream_context(self._upstream)
        )

    def for_peers(self) -> ssl.SSLContext:
        """Return the context for peers: the service's own authority if there is one. Raises `UserError`."""
        if self._peer is None:
            return self.for_replicas()
        return self._made.get("peers") or self._made.setdefault("peers", peer_context(self._peer))

    def reload(self) -> None:
        """Read the files again. Raises `UserError`; then nothing has changed."""
        made = {}
        if "replicas" in self._made:
            made["replicas"] = upstream_context(self._upstream)
        if "peers" in self._made and self._peer is not None:
            made["peers"] = peer_context(self._peer)
        self._made = made


def server_context(tls: TlsSettings, peer_tls: PeerTlsSettings | None = None) -> ssl.SSLContext:
    """Return the context for the connections of clients and peers. Raises `UserError`."""
    context = _strict(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    load_pair(context, tls.certificate, tls.key)
    if peer_tls is not None:
        load_authorities(context, peer_tls.ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def upstream_context(tls: UpstreamTlsSettings) -> ssl.SSLContext:
    """Return the context for connections to replicas. Raises `UserError`."""
    context = _strict(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif tls.ca is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        load_authorities(context, tls.ca)
    if tls.certificate is not None and tls.key is not None:
        load_pair(context, tls.certificate, tls.key)
    return context


def peer_context(tls: PeerTlsSettings) -> ssl.SSLContext:
    """Return the context for connections to peers. Raises `UserError`."""
    context = _strict(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    load_authorities(context, tls.ca)
    load_pair(context, tls.certificate, tls.key)
    return context


def certified(transport: BaseTransport) -> bool:
    """Tell whether the other side showed a certificate that was verified."""
    return bool(transport.get_extra_info("peercert"))


def _strict(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_SUITES)
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context
