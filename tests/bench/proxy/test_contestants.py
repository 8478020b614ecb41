"""Command lines of the contestants, without starting any."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nightshift.bench.proxy.contestants import CONTESTANTS, Contestant, Site, find_contestants
from nightshift.bench.proxy.peers import Found
from nightshift.errors import UserError


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, tmp_path / "venv", ("127.0.0.1:1001", "127.0.0.1:1002"))
    with site.sockets:
        yield site


@pytest.mark.parametrize("contestant", CONTESTANTS[1:], ids=lambda contestant: contestant.id)
def test_each_is_told_of_all_upstreams(site: Site, contestant: Contestant) -> None:
    deployment = contestant.deploy(site, Found("/opt/bin/python", "1"), 1)
    (recipe,) = deployment.recipes
    files = [Path(word) for word in recipe.argv if word.startswith(str(site.folder)) and Path(word).is_file()]
    told = " ".join(recipe.argv) + "".join(file.read_text() for file in files)
    assert all(upstream in told for upstream in site.upstreams)
    assert recipe.health_url.startswith(f"http://{deployment.entry[0]}/")
    assert deployment.contestant == contestant.id


def test_ports_differ(site: Site) -> None:
    entries = [c.deploy(site, Found("/opt/bin/python", "1"), 1).entry for c in CONTESTANTS]
    assert entries[0] == site.upstreams
    assert len(set(entries)) == len(CONTESTANTS)


@pytest.mark.parametrize("id_", ["nightshift", "nginx"])
def test_two_in_a_row(site: Site, id_: str) -> None:
    contestant = next(c for c in CONTESTANTS if c.id == id_)
    deployment = contestant.deploy(site, Found("/opt/bin/x", "1"), 2)
    last, first = deployment.recipes
    assert first.health_url.startswith(f"http://{deployment.entry[0]}/")
    assert last.health_url != first.health_url
    assert last.name != first.name


def test_direct_is_always_measured() -> None:
    assert [c.id for c in find_contestants("nginx")] == ["direct", "nginx"]
    assert find_contestants(None) == CONTESTANTS


def test_an_unknown_contestant() -> None:
    with pytest.raises(UserError, match=r"unknown contestant 'envoy'; known are direct, nightshift"):
        find_contestants("envoy,nginx")
