"""Certificates and keys from files: loaded by OpenSSL, and every way to fail as one line that names the file.

The dates of each certificate of a chain are read from its DER here (RFC 5280 4.1), because Python's face of
OpenSSL tells them only of another side's certificate that it has verified. Nothing is decided by them, since
OpenSSL judges at each handshake, on the other side. They are for telling the operator in time.
"""

import re
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, NoReturn

from nightshift.errors import UserError

WARN_BEFORE = timedelta(days=14)
"""A certificate that ends within this is worth a warning; one that is renewed by itself never gets there."""

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _INTEGER, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0x02, 0xA0, 0x17, 0x18


class Validity(NamedTuple):
    """From when to when a certificate is valid."""

    not_before: datetime
    not_after: datetime


def load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Have `context` show a certificate. Raises `UserError`."""
    if not _PEM.search(read(certificate)):
        raise UserError(f"{certificate} holds no certificate in PEM form (BEGIN CERTIFICATE)")
    if b"PRIVATE KEY-----" not in read(key):
        raise UserError(f"{key} holds no private key in PEM form (BEGIN PRIVATE KEY)")

    def passphrase() -> NoReturn:  # else OpenSSL would ask on the terminal, and wait
        raise UserError(f"{key} has a passphrase; store it without one, readable by this user only")

    try:
        context.load_cert_chain(certificate, key, passphrase)
    except ssl.SSLError as error:
        raise UserError(_reason(error, certificate, key)) from error


def _reason(error: ssl.SSLError, certificate: Path, key: Path) -> str:
    if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
        return f"{key} is not the key of the certificate in {certificate}"
    if error.reason in ("EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK"):
        return f"{certificate} is too weak ({error.reason}); take one with RSA of 2048 bits or more, or ECDSA"
    return f"{certificate} and {key} cannot be loaded: {error.reason or error}"


def load_authorities(context: ssl.SSLContext, path: Path) -> None:
    """Have `context` trust the authorities in a PEM file. Raises `UserError`."""
    if not _PEM.search(read(path)):
        raise UserError(f"{path} holds no certificate in PEM form (BEGIN CERTIFICATE)")
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        raise UserError(f"{path} cannot be loaded: {error.reason or error}") from error


def read(path: Path) -> bytes:
    """Read a file. Raises `UserError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


def doubts(path: Path, today: datetime) -> list[str]:
    """Return a line for each certificate of a PEM file that is out of its time, or will be soon."""
    lines = []
    for pem in _PEM.findall(read(path)):
        try:
            valid = validity(ssl.PEM_cert_to_DER_cert(pem.decode("ascii")))
        except ValueError as error:
            lines.append(f"{path}: the dates of a certificate cannot be read: {error}")
            continue
        if today >= valid.not_after:
            lines.append(f"{path}: a certificate has expired, on {valid.not_after:%Y-%m-%d %H:%M} UTC")
        elif today < valid.not_before:
            lines.append(f"{path}: a certificate is not valid before {valid.not_before:%Y-%m-%d %H:%M} UTC")
        elif today >= valid.not_after - WARN_BEFORE:
            lines.append(f"{path}: a certificate expires on {valid.not_after:%Y-%m-%d %H:%M} UTC")
    return lines


def validity(der: bytes) -> Validity:
    """Read the dates of one certificate. Raises ValueError."""
    certificate = _Reader(der).inside(_SEQUENCE)
    signed = certificate.inside(_SEQUENCE)
    if signed.tag() == _VERSION:
        signed.content(_VERSION)
    signed.content(_INTEGER)  # serial number
    signed.content(_SEQUENCE)  # algorithm of the signature
    signed.content(_SEQUENCE)  # issuer
    dates = signed.inside(_SEQUENCE)
    return Validity(dates.time(), dates.time())


class _Reader:
    """Reads DER values (X.690 8.1), one after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def tag(self) -> int:
        """Return the tag of the next value."""
        if self._at >= len(self._data):
            raise ValueError("it ends too early")
        return self._data[self._at]

    def content(self, tag: int) -> bytes:
        """Return the next value, which must have this tag."""
        if self.tag() != tag:
            raise ValueError(f"a value of type {self.tag()} where {tag} belongs")
        head = self._data[self._at + 1 : self._at + 6]
        length, size = head[:1], 1
        if length and length[0] & 0x80:  # the long form: so many bytes of length follow
            size += length[0] & 0x7F
            length = head[1:size]
        start = self._at + 1 + size
        end = start + int.from_bytes(length, "big")
        if size > len(head) or end > len(self._data):
            raise ValueError("it ends too early")
        self._at = end
        return self._data[start:end]

    def inside(self, tag: int) -> "_Reader":
        """Return a reader of the next value's content."""
        return _Reader(self.content(tag))

    def time(self) -> datetime:
        """Return the next value as a time (RFC 5280 4.1.2.5)."""
        if self.tag() == _UTC_TIME:
            text = self.content(_UTC_TIME).decode("ascii")
            text = ("19" if text[:2] >= "50" else "20") + text
        else:
            text = self.content(_GENERALIZED_TIME).decode("ascii")
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
