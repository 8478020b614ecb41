"""Every way in which a certificate can be wrong is one line that names the file."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from nightshift.errors import UserError
from nightshift.proxy.access.certificates import Validity, doubts, load_authorities, load_pair, validity

from .conftest import Authority, Files

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NewAuthority = Callable[[], Authority]


def load(files: Files) -> None:
    load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), files.certificate, files.key)


def problem(files: Files) -> str:
    with pytest.raises(UserError) as error:
        load(files)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_good_pair(authority: NewAuthority) -> None:
    load(authority().issue())


def test_a_missing_file(authority: NewAuthority, tmp_path: Path) -> None:
    good, missing = authority().issue(), tmp_path / "none"
    assert problem(good._replace(certificate=missing)) == f"cannot read {missing}: No such file or directory"
    assert problem(good._replace(key=missing)) == f"cannot read {missing}: No such file or directory"
    assert problem(good._replace(key=tmp_path)) == f"cannot read {tmp_path}: Is a directory"


def test_a_file_that_is_something_else(authority: NewAuthority, tmp_path: Path) -> None:
    good, other = authority().issue(), tmp_path / "other"
    other.write_bytes(b"\x00\xff rubbish")
    assert problem(good._replace(certificate=other)).startswith(f"{other} holds no certificate")
    assert problem(good._replace(key=other)).startswith(f"{other} holds no private key")
    assert problem(Files(good.key, good.certificate)).startswith(f"{good.key} holds no certificate")
    other.write_bytes(b"-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n")
    assert str(other) in problem(good._replace(certificate=other))
    with pytest.raises(UserError, match="other cannot be loaded"):
        load_authorities(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), other)
    with pytest.raises(UserError, match="holds no certificate"):
        load_authorities(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), good.key)


def test_a_key_of_another_certificate(authority: NewAuthority) -> None:
    ca = authority()
    one, other = ca.issue(), ca.issue()
    expected = f"{other.key} is not the key of the certificate in {one.certificate}"
    assert problem(one._replace(key=other.key)) == expected


def test_a_key_with_a_passphrase_is_not_asked_for_on_the_terminal(authority: NewAuthority) -> None:
    good = authority().issue()
    key = load_pem_private_key(good.key.read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    good.key.write_bytes(locked)
    assert problem(good).startswith(f"{good.key} has a passphrase")


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=15), None),
        (timedelta(days=13), "expires on 2026-12-06"),
        (timedelta(0), "has expired, on 2026-11-23 00:00 UTC"),
        (timedelta(days=-400), "has expired, on 2025-10-19"),
    ],
)
def test_a_certificate_that_ends(authority: NewAuthority, left: timedelta, words: str | None) -> None:
    files = authority().issue(not_after=NOW + left)
    lines = doubts(files.certificate, NOW)
    assert len(lines) == (words is not None)
    for line in lines:
        assert line.startswith(f"{files.certificate}: a certificate {words}")


def test_a_certificate_that_has_not_begun_and_one_that_is_rubbish(
    authority: NewAuthority, tmp_path: Path
) -> None:
    early = doubts(authority().issue().certificate, datetime(1999, 1, 1, tzinfo=UTC))
    assert "is not valid before 2000-01-01 00:00 UTC" in early[0]
    path = tmp_path / "rubbish"
    path.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" * 2)
    assert [line.split(": ")[1] for line in doubts(path, NOW)] == [
        "the dates of a certificate cannot be read"
    ] * 2


def test_dates_after_2049_are_written_otherwise(authority: NewAuthority) -> None:
    for year in (2049, 2050, 2999):
        end = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
        pem = authority().issue(not_after=end).certificate.read_text()
        assert validity(ssl.PEM_cert_to_DER_cert(pem)) == Validity(datetime(2000, 1, 1, tzinfo=UTC), end)


_A_CERTIFICATE = ssl.PEM_cert_to_DER_cert(trustme.CA().cert_pem.bytes().decode())


@given(st.data())
def test_garbage_is_a_value_error(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.just(_A_CERTIFICATE) | st.binary(max_size=64)))
    for position in data.draw(st.lists(st.integers(0, max(0, len(raw) - 1)), max_size=4)):
        if raw:
            raw[position] = data.draw(st.integers(0, 255))
    try:
        validity(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    except ValueError:
        pass
