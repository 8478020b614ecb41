"""What a token and a block are, in an engine without a tokenizer.

A token is 4 bytes of UTF-8 (the last one of a prompt may be shorter): the rule of thumb for English
text and the tokenizers of current models. A block is 16 tokens, the page size that vLLM uses and that
SGLang offers, unless a device's profile says otherwise (llama.cpp keeps single tokens). Answers are made of
whole 4-byte tokens (`answers.py`), so that the bytes of prompt and answer, laid one after the other, cut
into the same tokens as the sequence in the KV cache.
"""

BYTES_PER_TOKEN = 4
BLOCK_TOKENS = 16


def token_count(text: bytes) -> int:
    """Return the number of tokens of `text`."""
    return -(-len(text) // BYTES_PER_TOKEN)


def blocks_for(tokens: int, block_tokens: int) -> int:
    """Return the number of blocks that hold `tokens` tokens, the last one perhaps in part."""
    return -(-tokens // block_tokens)
