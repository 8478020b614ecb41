"""Answers: a text and a length for each prompt, both a hash of it.

The same prompt (and seed) has the same answer on every replica and in every process, so that two runs
with the same seed send the same conversations whatever the balancer did. Each token is a word of three
letters and a space (the last one: and a full stop), exactly 4 bytes.

Length is log-normal. Its mean is 214.5 tokens, the mean response of LMSYS-Chat-1M (Zheng et al., 2023,
table 1; Chatbot Arena has 189.5 there). That table gives no spread; sigma comes from the conversation
trace of Azure LLM Inference 2023, whose generated tokens have median 129 and 95th percentile 451:
ln(451 / 129) / 1.645 = 0.76.
"""

import hashlib
import math
from statistics import NormalDist

import xxhash

from nightshift.engine.tokens import BYTES_PER_TOKEN
from nightshift.engine.words import LETTERS

MEAN_ANSWER_TOKENS = 214.5
SIGMA = 0.76
_LOG_LENGTH = NormalDist(math.log(MEAN_ANSWER_TOKENS) - SIGMA**2 / 2, SIGMA)


def prompt_digest(prompt: bytes, seed: int) -> int:
    """Return a 64-bit hash of the prompt, stable across processes and machines."""
    return xxhash.xxh3_64_intdigest(prompt, seed=seed & (2**64 - 1))


def draw_answer_tokens(digest: int) -> int:
    """Return the number of tokens after which the answer ends by itself, at least 1."""
    # 52 bits and half a unit: exact in a float, and strictly between 0 and 1.
    uniform = ((digest >> 12) + 0.5) / 2**52
    return max(1, round(math.exp(_LOG_LENGTH.inv_cdf(uniform))))


def answer_text(digest: int, tokens: int) -> bytes:
    """Return `tokens` tokens of words; a longer answer to the same prompt begins with a shorter one."""
    draws = hashlib.shake_128(digest.to_bytes(8, "little")).digest(tokens)
    text = bytearray(b" " * (BYTES_PER_TOKEN * tokens))
    for place, letters in enumerate(LETTERS):
        text[place::BYTES_PER_TOKEN] = draws.translate(letters)
    text[-1:] = b"."
    return bytes(text)
