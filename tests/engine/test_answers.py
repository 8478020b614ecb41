"""Answers are the same everywhere, and as long as people's."""

import math
import os
import statistics
import subprocess
import sys

from nightshift.engine.answers import answer_text, draw_answer_tokens, prompt_digest
from nightshift.engine.words import WORDS


def test_tokens_are_four_bytes_and_prefixes_agree() -> None:
    digest = prompt_digest(b"a prompt", 0)
    short, long = answer_text(digest, 10), answer_text(digest, 300)
    assert (len(short), len(long)) == (40, 1200)
    assert short[:-1] == long[:39]
    assert short.endswith(b".")
    assert set(long[:-1].decode().split()) <= set(WORDS)
    assert len(set(WORDS)) == 256
    assert all(len(word) == 3 for word in WORDS)


def test_length_has_the_published_mean_and_tail() -> None:
    lengths = sorted(draw_answer_tokens(prompt_digest(b"%d" % index, 0)) for index in range(20_000))
    assert math.isclose(statistics.fmean(lengths), 214.5, rel_tol=0.03)
    assert math.isclose(lengths[19_000] / lengths[10_000], 451 / 129, rel_tol=0.06)
    assert lengths[0] >= 1


def test_extreme_digests_have_a_length() -> None:
    assert draw_answer_tokens(0) == 1
    assert draw_answer_tokens(2**64 - 1) > 1000


def test_another_process_gives_the_same_answer() -> None:
    program = (
        "from nightshift.engine.request import make_request;"
        "print(make_request('r', b'hello', max_tokens=500, seed=7).answer.decode())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
