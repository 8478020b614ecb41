"""Only who shows a right secret is a peer; all that are configured are right, and none is ever repeated."""

import pytest

from nightshift.proxy.errors import ApiError
from nightshift.proxy.request import HttpRequest
from nightshift.proxy.settings import checked_settings
from nightshift.proxy.tokens import PeerTokens

OLD, NEW = "the-old-secret", "the-new-secret"


def request(**fields: str) -> HttpRequest:
    headers = [(f"x-nightshift-{name.replace('_', '-')}".encode(), v.encode()) for name, v in fields.items()]
    return HttpRequest("POST", b"/", "/", http11=True, keep_alive=True, headers=headers, fields=dict(headers))


@pytest.mark.parametrize("token", [OLD, NEW])
def test_each_of_several_is_right(token: str) -> None:
    tokens = PeerTokens([OLD, NEW])
    assert tokens.peer_of(request(peer="eu", peer_token=token)) == "eu"
    tokens.require(request(peer_token=token))
    assert tokens.shown == OLD
    assert tokens.false_claims == 0


@pytest.mark.parametrize("token", ["", "the-old-secre", "the-old-secret ", "\xff" * 14, "THE-OLD-SECRET"])
@pytest.mark.parametrize("configured", [[], [OLD], [OLD, NEW]])
def test_a_false_claim_is_a_clients_request_and_counted(configured: list[str], token: str) -> None:
    tokens = PeerTokens(configured)
    assert tokens.peer_of(request(peer="eu", peer_token=token)) is None
    assert tokens.peer_of(request(peer="eu")) is None
    assert tokens.false_claims == 2
    assert tokens.peer_of(request()) is None
    assert tokens.false_claims == 2


def test_a_refusal_does_not_tell_the_secret() -> None:
    with pytest.raises(ApiError) as refused:
        PeerTokens([OLD]).require(request(peer_token="a-wrong-secret"))
    said = refused.value.body() + refused.value.lines()
    assert refused.value.status == 403
    assert b"secret in the header" in said
    assert OLD.encode() not in said
    assert b"a-wrong-secret" not in said


def test_rotation_has_no_moment_without_a_common_secret() -> None:
    """New one added behind the old everywhere, put first everywhere, old one taken out."""
    here, there = PeerTokens([OLD]), PeerTokens([OLD])
    for stage in ([OLD, NEW], [NEW, OLD], [NEW]):
        for one in (here, there):
            one.change(stage)
            for shows, sees in ((here, there), (there, here)):
                assert sees.is_right(request(peer_token=shows.shown or ""))
    assert not here.is_right(request(peer_token=OLD))


def test_where_certificates_are_needed_a_token_alone_is_not_enough() -> None:
    tokens = PeerTokens([OLD], needs_certificate=True)
    shown = request(peer="eu", peer_token=OLD)
    assert tokens.peer_of(shown) is None
    assert tokens.peer_of(shown, certified=True) == "eu"
    assert tokens.peer_of(request(peer="eu"), certified=True) is None
    with pytest.raises(ApiError, match="certificate"):
        tokens.require(shown)


@pytest.mark.parametrize("setting", [None, OLD, [OLD], [OLD, NEW]])
def test_the_setting_is_one_or_several(setting: str | list[str] | None) -> None:
    settings = checked_settings({"name": "n", "region": "r", "peer_token": setting}, where="x")
    assert settings.peer_token == (() if setting is None else (OLD,) if setting == OLD else tuple(setting))
    assert OLD not in repr(settings)
