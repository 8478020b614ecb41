"""Options with several words after them."""

import pytest

from nightshift.bench.script.words import spread

SEVERAL = ("--names", "--regions")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["--names", "a", "b", "--x", "1"], ["--names", "a", "--names", "b", "--x", "1"]),
        (["--names", "a", "--names", "b"], ["--names", "a", "--names", "b"]),
        (["--names=a", "b"], ["--names", "a", "--names", "b"]),
        (["--names", "a,b", "--regions", "r"], ["--names", "a", "--names", "b", "--regions", "r"]),
        (["--x", "1", "--y=2"], ["--x", "1", "--y=2"]),
        (["--names"], []),
    ],
)
def test_each_value_gets_its_flag(given: list[str], found: list[str]) -> None:
    assert spread(given, SEVERAL) == found
