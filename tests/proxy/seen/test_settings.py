"""What others see is off unless it is asked for, and an admin API without a token is none."""

import pytest

from nightshift.errors import UserError
from nightshift.proxy.settings import checked_settings

LEAST = {"name": "b", "region": "eu"}


def test_all_is_off_unless_given() -> None:
    settings = checked_settings(LEAST, where="x")
    assert (settings.access_log, settings.otel, settings.admin) == (None, None, None)


def test_the_admin_listener_is_on_loopback_and_needs_a_token() -> None:
    with pytest.raises(UserError, match="admin is given but no peer_token"):
        checked_settings({**LEAST, "admin": {}}, where="x")
    settings = checked_settings({**LEAST, "admin": {}, "peer_token": "a-secret-of-it"}, where="x")
    assert settings.admin is not None
    assert (settings.admin.host, settings.admin.open_metrics) == ("127.0.0.1", False)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"access_log": ""}, "access_log"),
        ({"otel": {"endpoint": "collector:4318"}}, "otel.endpoint: must be the URL"),
        ({"otel": {"endpoint": "http://h", "sample_ratio": 2}}, "otel.sample_ratio"),
        ({"admin": {"prt": 1}}, "admin.prt"),
    ],
)
def test_what_is_wrong_names_its_key(more: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        checked_settings({**LEAST, **more}, where="x")


def test_an_endpoint_without_a_path_gets_the_usual_one() -> None:
    settings = checked_settings({**LEAST, "otel": {"endpoint": "http://h:4318/"}}, where="x")
    assert settings.otel is not None
    assert settings.otel.endpoint == "http://h:4318/v1/traces"
