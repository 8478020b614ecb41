"""The snapshot is plain data and says what the balancer knows."""

from random import Random

import orjson

from nightshift.balancing.balancer import Balancer
from nightshift.balancing.messages import PeerReport, PromptKey, ReplicaReport, Request
from nightshift.balancing.snapshot import snapshot
from nightshift.balancing.switches import Switches


def test_snapshot() -> None:
    made = Balancer(name="me", switches=Switches(), rng=Random(0))
    made.targets_changed(0.0, replicas=["a"], peers=["P"])
    made.peer_reported(0.0, "P", PeerReport(0, 0, 1, 2, 2), 0.135)
    made.replica_probed(0.0, "a", ReplicaReport(pending=2, running=5, kv_use=0.5))
    made.request_arrived(0.1, Request("1", PromptKey.of("m", b"hello")))
    made.response_stored(0.2, "1", "resp_1")
    said = orjson.loads(orjson.dumps(snapshot(made, 0.25)))
    assert said["replica"]["a"] == {
        "outstanding": 0,
        "pending": 2,
        "running": 5,
        "kv_use": 0.5,
        "health": "up",
        "reachable": True,
        "models": None,
        "report_age_s": 0.25,
        "available": False,
    }
    assert said["peer"]["P"]["outstanding"] == 1
    assert said["peer"]["P"]["rtt_ms"] == 135
    assert said["stored_responses"] == 1
    assert (said["queue"], said["replicas"], said["available_replicas"]) == (0, 1, 0)
