"""Which service an experiment is about."""

import pytest
from tests.bench.script.views import OHIO, TOKYO, unit, view

from nightshift.bench.queue_fetcher.targets import Target, parse, resolve
from nightshift.errors import UserError

ROUTER = unit("svc1-router-1", OHIO, "3.0.0.9:9001", baseline="sglang-router", queue=None)
PULL = unit("svc1-router-2", OHIO, "3.0.0.9:9002", baseline="sglang-router-pull")
VIEWS = [view("svc1", baselines=[ROUTER, PULL]), view("svc3", endpoint="svc3.example.org:8000")]
VIEWS[1]["balancers"][1]["endpoint"] = "3.0.3.2:8000"


def one(backend: str) -> tuple[str | None, str | None]:
    (target,) = resolve({"exp": backend}, VIEWS)
    return target.service, target.baseline


@pytest.mark.parametrize(
    ("backend", "service", "baseline"),
    [
        ("svc3", "svc3", None),
        ("svc1/sglang-router", "svc1", "sglang-router"),
        ("svc3.example.org:8000", "svc3", None),
        ("http://svc3.example.org:8000", "svc3", None),
        ("3.0.3.2:8000", "svc3", None),
        ("3.0.0.9:9002", "svc1", "sglang-router-pull"),
        ("203.0.113.7:80", None, None),
    ],
)
def test_every_way_to_name_a_backend(backend: str, service: str | None, baseline: str | None) -> None:
    assert one(backend) == (service, baseline)


def test_a_service_that_there_is_not() -> None:
    with pytest.raises(UserError, match="no service 'svc9'; known: svc1, svc3"):
        one("svc9")


def test_who_is_asked() -> None:
    known = {str(view["name"]): view for view in VIEWS}
    names = [one["name"] for one in Target("e", "svc3", "svc3").entries(known)]
    assert names == ["svc3-b1", "svc3-b2"]
    assert Target("e", "", "svc1", "sglang-router-pull").entries(known) == [PULL]
    assert Target("e", "203.0.113.7:80", None).entries(known) == []
    assert [one["region"] for one in Target("e", "svc3", "svc3").replicas(known)] == [OHIO, TOKYO]
    assert Target("e", "gone", "gone").replicas(known) == []


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"a": 1}', '{"../a": "svc1"}', '{"": "svc1"}', '{".a": "b"}']
)
def test_what_is_no_map_of_experiments(text: str) -> None:
    with pytest.raises(UserError, match="--exp2backend"):
        parse(text)
