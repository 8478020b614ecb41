"""Whatever is secret is masked, wherever it stands; what is not can be read."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.proxy.admin.masking import masked
from nightshift.proxy.seen.settings import OtelSettings
from nightshift.proxy.settings import Settings

SECRET = "hunter2-hunter2"


def test_settings_without_their_secrets() -> None:
    settings = {
        "name": "b",
        "peer_token": SECRET,
        "tokens": [SECRET, SECRET],
        "keys": [{"id": "k", "hash": SECRET, "tokens_per_minute": 1_000}],
        "key_file": "/etc/keys.json",
        "tls": {"cert_file": "/c.pem", "key_file": "/k.pem", "key_password": SECRET},
        "otel": {"endpoint": f"http://user:{SECRET}@host/v1", "headers": {"x": SECRET}},
        "limits": {"header_bytes": 1, "header_count": 2},
        "seed": None,
    }
    assert masked(settings) == {
        "name": "b",
        "peer_token": "***",
        "tokens": ["***", "***"],
        "keys": [{"id": "***", "hash": "***", "tokens_per_minute": 1_000}],
        "key_file": "/etc/keys.json",
        "tls": {"cert_file": "/c.pem", "key_file": "/k.pem", "key_password": "***"},
        "otel": {"endpoint": "http://***@host/v1", "headers": {"x": "***"}},
        "limits": {"header_bytes": 1, "header_count": 2},
        "seed": None,
    }


def test_real_settings_keep_what_is_not_secret() -> None:
    settings = Settings.model_validate({"name": "b", "region": "eu", "peer_token": SECRET})
    shown = masked(settings.model_dump(mode="json"))
    assert isinstance(shown, dict)
    assert SECRET not in str(shown)
    assert shown["switches"] == settings.model_dump(mode="json")["switches"]
    otel = OtelSettings.model_validate({"endpoint": "http://h", "headers": {"k": SECRET}})
    assert SECRET not in str(masked(otel.model_dump(mode="json")))


_VALUES = st.recursive(
    st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
)


@given(
    st.sampled_from(["peer_token", "api_key", "KEYS", "password", "Authorization", "client_secret"]), _VALUES
)
def test_nothing_under_a_secret_name_is_shown(name: str, value: object) -> None:
    assert SECRET not in str(masked({"a": [{name: value}]}))
