"""`wildchat` plays what a region's own users said, and its stand-in has WildChat's statistics."""

from pathlib import Path
from random import Random
from statistics import fmean

import orjson
import pytest

from nightshift.bench.workloads import workload
from nightshift.bench.workloads.continents import (
    AMERICAN,
    ASIAN_PACIFIC,
    Continent,
    continent_of_country,
    continent_of_region,
)
from nightshift.bench.workloads.conversations import BYTES_PER_TOKEN, Conversation, conversations
from nightshift.bench.workloads.published import WILDCHAT
from nightshift.bench.workloads.similarity import across_regions, across_users, within_regions, within_users
from nightshift.errors import UserError

REGIONS = ("us-east-2", "eu-central-1", "ap-northeast-1")
Texts = dict[str, list[str]]


@pytest.fixture(scope="module")
def worlds() -> dict[str, list[Conversation]]:
    return {
        region: conversations(seed="1", region=region, number=900, statistics=WILDCHAT, max_answer_tokens=512)
        for region in REGIONS
    }


@pytest.fixture(scope="module")
def texts(worlds: dict[str, list[Conversation]]) -> list[Texts]:
    found: list[Texts] = []
    for many in worlds.values():
        own: Texts = {}
        for one in many:
            own.setdefault(one.user, []).append(one.turns[0].text)
        found.append(own)
    return found


def test_within_users_as_published(texts: list[Texts]) -> None:
    """SkyWalker, figure 5: 19.0%. Tolerance 3.5 points: 900 conversations have few users."""
    together = {user: own for region in texts for user, own in region.items()}
    assert within_users(together) == pytest.approx(0.190, abs=0.035)


def test_across_users_as_published(texts: list[Texts]) -> None:
    """SkyWalker, figure 5: 2.5%. Tolerance 1 point."""
    together = {user: own for region in texts for user, own in region.items()}
    assert across_users(together, Random(0), 8000) == pytest.approx(0.025, abs=0.01)


def test_within_regions_as_published(texts: list[Texts]) -> None:
    """SkyWalker, figure 5: 10.9%. Tolerance 1.5 points."""
    assert within_regions(texts, Random(0), 8000) == pytest.approx(0.109, abs=0.015)


def test_across_regions_as_published(texts: list[Texts]) -> None:
    """SkyWalker, figure 5: 2.5%. Tolerance 1 point."""
    assert across_regions(texts, Random(0), 8000) == pytest.approx(0.025, abs=0.01)


def test_lengths_and_turns_as_published(worlds: dict[str, list[Conversation]]) -> None:
    """Zhao et al., table 1: 296 tokens a prompt (heavy tail, tolerance 12%), 2.5 turns over all."""
    turns = [turn for many in worlds.values() for one in many for turn in one.turns]
    assert fmean(len(turn.text) / BYTES_PER_TOKEN for turn in turns) == pytest.approx(296, rel=0.12)
    assert max(turn.answer_tokens for turn in turns) == 512
    count = fmean(len(one.turns) for many in worlds.values() for one in many)
    assert count == pytest.approx(WILDCHAT.multi_turn_mean, rel=0.05)


def test_no_country_stands_twice() -> None:
    assert not AMERICAN & ASIAN_PACIFIC


@pytest.mark.parametrize(
    ("country", "continent"),
    [
        ("Singapore", Continent.ASIA_PACIFIC),
        ("Pakistan", Continent.ASIA_PACIFIC),
        ("New Zealand", Continent.ASIA_PACIFIC),
        ("Russia", Continent.ASIA_PACIFIC),
        ("Germany", Continent.EMEA),
        ("The Netherlands", Continent.EMEA),
        ("Canada", Continent.AMERICAS),
        ("Puerto Rico", Continent.AMERICAS),
    ],
)
def test_what_the_original_had_wrong_is_right(country: str, continent: Continent) -> None:
    assert continent_of_country(country) is continent


def test_regions_that_are_nowhere_are_refused() -> None:
    assert continent_of_region("europe-west4") is Continent.EMEA
    with pytest.raises(UserError, match="region 'mars': not known where"):
        continent_of_region("mars")


def rows(tmp_path: Path) -> str:
    said = [{"role": role, "content": "x"} for role in ("user", "assistant", "user", "assistant")]
    places = ["Canada", "Japan", "Germany", "Singapore", None]
    many = [
        {"hashed_ip": f"ip{n}" if n != 5 else None, "country": places[n % 5], "conversation": said}
        for n in range(20)
    ]
    path = tmp_path / "wild.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(row) for row in many))
    return str(path)


def keys(path: str, region: str, users: int) -> set[str]:
    found = workload("wildchat", {"data_path": path, "num_users": users}).users(region)
    return {next(programs).hash_key for programs in found}


def test_each_region_has_its_own_users(tmp_path: Path) -> None:
    path = rows(tmp_path)
    assert keys(path, "us-east-2", 3) == {"ip0", "ip10", "ip15"}  # ip5 is not known
    assert keys(path, "eu-central-1", 4) == {"ip2", "ip7", "ip12", "ip17"}
    assert len(keys(path, "ap-northeast-1", 8)) == 8
    assert len(keys(path, "none", 15)) == 15
    with pytest.raises(UserError, match="too few for --num-users 5; give fewer users"):
        keys(path, "eu-central-1", 5)


def test_the_threshold_is_the_least_length_of_a_turn() -> None:
    (programs,) = workload("wildchat", {"open_loop_threshold": 7.5}).users("us-east-2")
    assert [call.min_turn_s for call in next(programs).first()] == [7.5]


def test_another_slice_is_other_text() -> None:
    one, other = (
        next(workload("wildchat", {"start_index": n}).users("us-east-2")[0]).first() for n in (0, 1)
    )
    assert one != other
