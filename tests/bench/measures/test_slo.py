"""Limits as people write them."""

import pytest

from nightshift.bench.measures import DEFAULT_SLO, Slo, parse_slo
from nightshift.errors import UserError


def test_limits_are_read() -> None:
    assert parse_slo("ttft=1, tpot=0.1,e2e=30") == Slo(ttft=1.0, tpot=0.1, e2e=30.0)


@pytest.mark.parametrize("slo", [DEFAULT_SLO, Slo(itl=0.05), Slo(ntpot=0.2, e2e=12.5)])
def test_what_is_shown_can_be_given(slo: Slo) -> None:
    assert parse_slo(slo.text) == slo


@pytest.mark.parametrize(
    "text",
    ["", "ttft", "ttft=", "ttft=fast", "ttft=-1", "ttft=0", "ttft=inf", "ttft=nan", "ttl=1", "ttft=1,ttft=2"],
)
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"--slo: .* is not a limit; give each of ttft, tpot, itl, ntpot"):
        parse_slo(text)
