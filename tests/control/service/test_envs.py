"""Variables by `--env`: where they come from, and that none is ever read out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.control.service.envs import merged, parse_env_flags
from nightshift.control.service.faults import Fault
from nightshift.control.service.filled import filled
from nightshift.control.yamlfile import Document, spoken
from nightshift.errors import UserError

TOKEN = "hf_abcdefghijklmnopqrstuvwxyz012345"


def test_flags() -> None:
    given = parse_env_flags(["A=1", "HF_TOKEN", "B=x=y", "C=", "A=2"], {"HF_TOKEN": TOKEN})
    assert given == {"A": "2", "HF_TOKEN": TOKEN, "B": "x=y", "C": ""}


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("HF_TOKEN", "--env HF_TOKEN: not set in this environment; export it, or write --env NAME=VALUE"),
        (TOKEN, "--env number 2: not set in this environment; export it, or write --env NAME=VALUE"),
        (f"={TOKEN}", "--env number 2: write NAME=VALUE, or the NAME of a variable that is set here"),
        (f"my token={TOKEN}", "--env number 2: write NAME=VALUE, or the NAME of a variable that is set here"),
        ("", "--env number 2: write NAME=VALUE, or the NAME of a variable that is set here"),
    ],
)
def test_wrong_flags(flag: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_env_flags(["A=1", flag], {})
    assert str(caught.value) == message


def test_flags_go_before_the_file() -> None:
    envs = merged({"A": "file", "N": 4, "T": None}, {"S": "inline", "REF": None}, {"A": "flag", "T": "t"})
    assert envs == {"A": "flag", "N": "4", "T": "t", "S": "inline"}


def test_a_variable_without_a_value() -> None:
    with pytest.raises(Fault, match="has no value; give one with --env HF_TOKEN=VALUE, or --env HF_TOKEN if"):
        merged({"HF_TOKEN": None}, None, {})


def test_references_are_replaced_as_skypilot_does() -> None:
    data = {"service": {"replicas": "${N}", "readiness_probe": {"post_data": {"n": "$N", "m": "a-$M/$X"}}}}
    document = filled(Document("f", data), {"N": "4", "M": "model"})
    assert document.data == {
        "service": {"replicas": 4, "readiness_probe": {"post_data": {"n": "4", "m": "a-model/$X"}}}
    }


@given(st.text(min_size=8, max_size=80), st.text(max_size=60), st.text(max_size=60))
def test_no_error_has_a_value(secret: str, before: str, after: str) -> None:
    document = filled(Document("f", {"service": {}}), {"T": secret})
    for found in (f"{before}{secret}{after}", spoken(f"{before}{secret}{after}")):
        said = str(document.error(("service",), f"found {found}, allowed: text"))
        assert secret not in said or secret in "f:1: service: found , allowed: text $T"
