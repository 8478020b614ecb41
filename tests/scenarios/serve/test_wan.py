"""The WAN between two regions is cut: each goes on with what it reaches, and nothing flaps."""

import pytest
from tests.scenarios.serve.bed import HERE, THERE, Bed, free_ports
from tests.scenarios.serve.load import Load


@pytest.mark.long
@pytest.mark.parametrize("kind", ["hold", "reset"])
def test_a_region_that_is_cut_off_goes_on_by_itself(bed: Bed, kind: str) -> None:
    ports = dict(zip((HERE, THERE), free_ports(2), strict=True))
    bed.cli("up", str(bed.file(ports, replicas=2)), "-y")
    with Load({region: f"127.0.0.1:{port}" for region, port in ports.items()}) as load:
        load.until_answered(10)
        changes, links = bed.changes(), bed.wan().links()["links"]
        bed.wan().cut(HERE, THERE, kind)
        load.until_answered(40)
        bed.wan().heal_all()
        load.until_answered(20)
        assert bed.changes() == changes, "neither side was taken for dead"
        assert bed.view()["status"] == "READY"
    assert [link["name"] for link in bed.wan().links()["links"]] == [link["name"] for link in links]
    assert all(
        one.ending is not None and one.ending.headers["x-nightshift-hops"] == "1" for one in load.failed()
    )
    assert len(load.failed()) <= 4, "at most what was under way between them"
    assert load.lost() == []
    assert bed.programs() == {"engine": 2, "balancer": 2, "wan": 1, "controller": 1}
