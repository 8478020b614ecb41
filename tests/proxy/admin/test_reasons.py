"""Every rule that can choose, and every refusal, has words."""

import re
from pathlib import Path

import nightshift.balancing
from nightshift.proxy.admin.reasons import in_words

BALANCING = Path(nightshift.balancing.__file__).parent


def test_every_reason_and_every_refusal_has_words() -> None:
    code = "".join(source.read_text() for source in BALANCING.rglob("*.py"))
    reasons = set(re.findall(r'Choice\(.*"(\w+)"\)', code))
    refusals = set(re.findall(r'Reject\(\s*\w+, \d+, "(\w+)"', code))
    assert {"prefix", "stolen"} <= reasons
    assert {"queue_full", "no_replica"} <= refusals
    assert [reason for reason in sorted(reasons | refusals) if in_words(reason) == reason] == []


def test_a_reason_without_words_is_shown_as_it_is() -> None:
    assert in_words("something_new") == "something_new"
