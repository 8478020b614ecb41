"""What is written for each contestant is what it needs; ours is valid settings."""

from nightshift.balancing.switches import Across, ToReplicas
from nightshift.bench.proxy import configs
from nightshift.proxy.settings import checked_settings

UPSTREAMS = ("127.0.0.1:1001", "127.0.0.1:1002")


def test_ours_is_the_default_service() -> None:
    settings = checked_settings(configs.nightshift("a", UPSTREAMS, [("b", "127.0.0.1:9")]), where="test")
    assert [replica.address for replica in settings.replicas] == list(UPSTREAMS)
    assert settings.switches.across is Across.SELECTIVE_PUSH
    assert settings.switches.to_replicas is ToReplicas.BY_PENDING
    assert settings.switches.replica_policy == settings.switches.peer_policy == "prefix_tree"
    assert [peer.id for peer in settings.peers] == ["b"]


def test_nginx() -> None:
    text = configs.nginx("127.0.0.1:80", UPSTREAMS, "/tmp/x", None)  # noqa: S108 - nothing is written
    assert all(f"server {upstream};" in text for upstream in UPSTREAMS)
    assert "listen 127.0.0.1:80 " in text
    assert "user " not in text
    assert "user root;" in configs.nginx("127.0.0.1:80", UPSTREAMS, "/x", "root")
    assert text.count("{") == text.count("}")


def test_haproxy() -> None:
    text = configs.haproxy("127.0.0.1:80", UPSTREAMS)
    assert "bind 127.0.0.1:80\n" in text
    assert "server s0 127.0.0.1:1001 check\n    server s1 127.0.0.1:1002 check\n" in text


def test_litellm() -> None:
    bases = [entry["litellm_params"]["api_base"] for entry in configs.litellm("m", UPSTREAMS)["model_list"]]
    assert bases == ["http://127.0.0.1:1001/v1", "http://127.0.0.1:1002/v1"]
