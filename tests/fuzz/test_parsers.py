"""The fuzz targets hold on their seeds, and on what a few random changes make of them."""

from random import Random

import pytest
from tests.fuzz.parsers import fuzz_requests, fuzz_response
from tests.fuzz.seeds import REQUESTS, RESPONSES

CHANGES = 20


def changed(data: bytes, rng: Random) -> bytes:
    """Change some bytes, take some away, or repeat some."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(changed) + 1)
        kind = rng.randrange(3)
        if kind == 0:
            changed[at : at + 1] = bytes([rng.choice(b"\r\n\0 :;,0aZ\xff\t")])
        elif kind == 1:
            del changed[at : at + rng.randint(1, 5)]
        else:
            changed[at:at] = changed[at : at + rng.randint(1, 9)]
    return bytes(changed)


@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_requests(number: int) -> None:
    rng = Random(number)
    fuzz_requests(REQUESTS[number])
    for _ in range(CHANGES):
        fuzz_requests(changed(REQUESTS[number], rng))


@pytest.mark.parametrize("number", range(len(RESPONSES)))
def test_responses(number: int) -> None:
    rng = Random(number)
    fuzz_response(RESPONSES[number])
    for _ in range(CHANGES * 5):
        fuzz_response(changed(RESPONSES[number], rng))
