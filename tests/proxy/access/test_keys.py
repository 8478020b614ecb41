"""Whose key it is, and that nothing tells a key."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.errors import UserError
from nightshift.proxy.access.key_files import all_keys, digest_of, new_key, read_keys
from nightshift.proxy.access.keys import KeyRing
from nightshift.proxy.access.settings import AccessSettings, KeySettings
from nightshift.proxy.errors import ApiError
from nightshift.proxy.settings import checked_settings

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ALICE, BOB = "ns-" + "a" * 43, "ns-" + "b" * 43


def settings_of(key: str, **more: Any) -> KeySettings:
    return KeySettings(id=more.pop("id", "alice"), sha256=digest_of(key), **more)


def ring(*keys: KeySettings) -> KeyRing:
    return KeyRing(keys, lambda: NOW)


def test_each_key_is_its_holders() -> None:
    both = ring(settings_of(ALICE), settings_of(BOB, id="bob", tenant="lab"))
    assert both.holder(f"Bearer {ALICE}".encode()).id == "alice"
    assert both.holder(f"bearer {BOB}".encode()).tenant == "lab"
    assert both.holder(f"BEARER {ALICE}".encode()).tenant == "alice"


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (None, "Authorization: Bearer"),
        (b"", "Authorization: Bearer"),
        (b"Basic YTpi", "Authorization: Bearer"),
        (ALICE.encode(), "Authorization: Bearer"),
        (b"Bearer ", "incorrect"),
        (b"Bearer " + BOB.encode(), "incorrect"),
        (b"Bearer " + ALICE.encode()[:-1], "incorrect"),
        (b"Bearer " + digest_of(ALICE).encode(), "incorrect"),
        (b"Bearer \xff\x00", "incorrect"),
        (b"Bearer  " + ALICE.encode(), "incorrect"),  # RFC 9110 11.4 has one space
    ],
)
def test_who_shows_none_is_told_how_and_nothing_more(shown: bytes | None, words: str) -> None:
    with pytest.raises(ApiError) as refused:
        ring(settings_of(ALICE)).holder(shown)
    error = refused.value
    assert (error.status, error.code, error.type) == (401, "invalid_api_key", "invalid_request_error")
    assert error.lines() == b"www-authenticate: Bearer\r\n"
    assert words in error.message
    assert BOB not in error.message


@given(st.binary(max_size=80))
def test_no_bytes_are_a_key_by_chance(shown: bytes) -> None:
    with pytest.raises(ApiError):
        ring(settings_of(ALICE)).holder(b"Bearer " + shown)


def test_half_a_digest_is_not_enough() -> None:
    """The table finds it by one half; the other must be right as well."""
    digest = bytearray(sha256(ALICE.encode()).digest())
    digest[-1] ^= 1
    with pytest.raises(ApiError, match="incorrect"):
        ring(KeySettings(id="alice", sha256=digest.hex())).holder(f"Bearer {ALICE}".encode())


def test_a_key_ends_when_it_expires() -> None:
    soon = ring(settings_of(ALICE, expires=NOW + timedelta(seconds=1)))
    assert soon.holder(f"Bearer {ALICE}".encode()).id == "alice"
    with pytest.raises(ApiError, match="expired, on 2026-11-23") as refused:
        ring(settings_of(ALICE, expires=NOW)).holder(f"Bearer {ALICE}".encode())
    assert refused.value.status == 401


def test_a_drawn_key_is_long_and_new_each_time() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(key.startswith("ns-") and len(key) == 46 for key in keys)


@pytest.mark.parametrize("key", ["", "secret", "a" * 31, "a b" * 20, "ü" * 40, "a" * 40 + "\n"])
def test_a_key_that_may_be_guessed_is_not_stored(key: str) -> None:
    with pytest.raises(UserError) as refused:
        digest_of(key)
    assert not key.strip() or key not in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sha256": ALICE}, "keys.0.sha256"),
        ({"id": "a b"}, "keys.0.id"),
        ({"requests_per_minute": 0}, "keys.0.requests_per_minute"),
        ({"models": []}, "keys.0.models"),
        ({"expires": "2027-01-01T00:00:00"}, "keys.0.expires"),
        ({"limit": 1}, "keys.0.limit"),
    ],
)
def test_a_wrong_key_in_the_settings_names_its_place_and_shows_nothing(
    wrong: dict[str, Any], words: str
) -> None:
    key = {"id": "alice", "sha256": digest_of(ALICE), **wrong}
    with pytest.raises(UserError) as refused:
        checked_settings({"name": "n", "region": "r", "keys": [key]}, where="x")
    assert words in str(refused.value)
    assert ALICE not in str(refused.value)
    assert ALICE not in str(refused.value.__cause__)
    assert digest_of(ALICE) not in repr(settings_of(ALICE))


def test_keys_of_a_file_join_those_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"{settings_of(BOB, id='bob').model_dump_json()}\n\n")
    keys = all_keys(AccessSettings(keys=(settings_of(ALICE),), keys_file=path))
    assert keys is not None
    assert [key.id for key in keys] == ["alice", "bob"]
    assert all_keys(AccessSettings()) is None


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("", "holds no key"),
        ("\n\n", "holds no key"),
        (f"{ALICE}\n", "line 1: not a JSON object"),
        ('{"id": "x"}', "line 1: sha256: Field required"),
        ("\n[]", "line 2: "),
        (
            settings_of(ALICE).model_dump_json() + "\n" + settings_of(BOB).model_dump_json(),
            "same id twice: alice",
        ),
        (
            settings_of(ALICE).model_dump_json() + "\n" + settings_of(ALICE, id="bob").model_dump_json(),
            "alice and bob are the same key",
        ),
    ],
)
def test_a_wrong_file_is_one_line_without_its_content(tmp_path: Path, lines: str, words: str) -> None:
    path = tmp_path / "keys"
    path.write_text(lines)
    with pytest.raises(UserError) as refused:
        all_keys(AccessSettings(keys_file=path))
    assert str(path) in str(refused.value)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert ALICE not in str(refused.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*keys: No such file"):
        read_keys(tmp_path / "keys")
