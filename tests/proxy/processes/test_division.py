"""Every process's settings are valid, and all together are what the one balancer was told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.errors import UserError
from nightshift.proxy.processes.division import Division, Sibling, check_tls, divided, names
from nightshift.proxy.settings import Settings, checked_settings

TOKEN = "the-token-of-all"


def settings_of(replicas: int, peers: int = 0) -> Settings:
    content = {
        "name": "eu",
        "region": "europe",
        "replicas": [{"id": f"r{n}", "address": f"127.0.0.1:{n + 1}"} for n in range(replicas)],
        "peers": [{"id": f"p{n}", "address": f"127.0.0.1:{n + 100}"} for n in range(peers)],
        "peer_token": TOKEN,
    }
    return checked_settings(content, where="test")


def all_divided(settings: Settings, processes: int, division: Division) -> list[Settings]:
    siblings = [
        Sibling(name, f"127.0.0.1:{n + 900}") for n, name in enumerate(names(settings.name, processes))
    ]
    return [
        checked_settings(divided(settings, n, siblings, [TOKEN, "the-next-one"], division), where="test")
        for n in range(processes)
    ]


@given(st.integers(1, 12), st.integers(0, 3), st.integers(1, 6), st.sampled_from(Division))
def test_nothing_is_lost_and_nobody_is_its_own_peer(
    replicas: int, peers: int, processes: int, division: Division
) -> None:
    settings = settings_of(replicas, peers)
    if division is Division.OWN and replicas < processes:
        with pytest.raises(UserError, match="use fewer processes"):
            all_divided(settings, processes, division)
        return
    children = all_divided(settings, processes, division)
    dealt = [replica for child in children for replica in child.replicas]
    own = division is Division.OWN or (division is Division.AUTO and replicas >= processes)
    if own:
        assert sorted(dealt, key=lambda replica: replica.id) == sorted(settings.replicas, key=lambda r: r.id)
        assert max(len(c.replicas) for c in children) - min(len(c.replicas) for c in children) <= 1
    else:
        assert all(child.replicas == settings.replicas for child in children)
    for child in children:
        others = {other.name for other in children} - {child.name}
        outside = {peer.id for peer in settings.peers}
        assert {peer.id for peer in child.peers} == others | outside
        assert (child.region, child.peer_token) == ("europe", (TOKEN, "the-next-one"))
    assert len({child.seed for child in children}) == processes


@pytest.mark.parametrize(("port", "ports"), [(7000, [7000, 7001]), (0, [0, 0])])
def test_each_has_an_admin_port(port: int, ports: list[int]) -> None:
    plain = settings_of(2).model_dump(mode="json")
    settings = checked_settings({**plain, "admin": {"port": port}}, where="test")
    children = all_divided(settings, 2, Division.OWN)
    assert [child.admin and child.admin.port for child in children] == ports
    assert all(child.admin is None for child in all_divided(settings_of(2), 2, Division.OWN))


def test_siblings_are_of_the_same_region() -> None:
    first, second = all_divided(settings_of(2), 2, Division.OWN)
    assert [(peer.id, peer.address, peer.region) for peer in first.peers] == [
        ("eu/1", "127.0.0.1:901", "europe")
    ]
    assert [replica.id for replica in second.replicas] == ["r1"]


def test_secrets_reach_the_processes_and_nobody_else() -> None:
    otel = {"endpoint": "http://127.0.0.1:4318", "headers": {"api-key": "very secret"}}
    settings = Settings.model_validate({"name": "eu", "region": "europe", "otel": otel})
    told = divided(settings, 0, [Sibling("eu/0", "h:1"), Sibling("eu/1", "h:2")], (TOKEN,), Division.SHARED)
    assert told["otel"]["headers"] == {"api-key": "very secret"}
    assert "very secret" not in settings.model_dump_json() + repr(settings)


@pytest.mark.parametrize(
    "more",
    [
        {"tls": {"certificate": "c", "key": "k"}, "peers": [{"id": "p", "address": "h:1"}]},
        {
            "tls": {"certificate": "c", "key": "k"},
            "peer_tls": {"ca": "a", "certificate": "c", "key": "k"},
        },
    ],
)
def test_what_cannot_go_together_is_said(more: dict[str, object]) -> None:
    settings = Settings.model_validate({"name": "eu", "region": "europe", "peer_token": TOKEN, **more})
    with pytest.raises(UserError, match="with several processes"):
        check_tls(settings)


def test_rules_of_regions_need_shared_replicas_where_those_stand_in_several() -> None:
    settings = settings_of(4)
    far = [settings.replicas[0].model_copy(update={"region": "asia"}), *settings.replicas[1:]]
    bound = settings.model_copy(update={"residency": {"acme": ("europe",)}})
    mixed = bound.model_copy(update={"replicas": tuple(far)})
    with pytest.raises(UserError, match=r"residency, and replicas in asia, europe: .* use shared replicas"):
        all_divided(mixed, 2, Division.OWN)
    for division in (Division.AUTO, Division.SHARED):
        assert all(len(child.replicas) == 4 for child in all_divided(mixed, 2, division))
    for one_region in (bound, settings.model_copy(update={"replicas": tuple(far)})):
        assert all(len(child.replicas) == 2 for child in all_divided(one_region, 2, Division.OWN))
