"""Devices: how long a step takes and how much KV cache there is, each number with its source.

The time of one step of the batch is linear in the work that it does:

    t = base + prefill_token * P + prefill_pair * Q + kv_token * K + sequence * B

with P the prompt tokens computed in the step, Q the pairs of such a token and one before it in its prompt, K
the tokens in the KV cache of the sequences in the step, B the number of those sequences. The weights are
read once a step whatever the batch (`base`), a prompt is limited by arithmetic (`prefill_token`), attention
in decode by reading the KV cache (`kv_token`), and each sequence costs some sampling and bookkeeping
(`sequence`). Attention among the tokens of a prompt (`prefill_pair`) is lost in the arithmetic of a GPU at
these lengths, 0 in the profiles below; on a CPU it is a quarter of the time of 1,500 tokens.

Times are whole nanoseconds, so that the sum of a million steps is the same number however it is added up.

Sources. Model: Llama-3.1-8B, bf16; its KV cache takes 131,072 bytes a token (2 x 32 layers x 8 KV heads
x 128 x 2 bytes, from its configuration) and its weights 14.99 GiB (the log in vLLM issue 10517).

- KV capacity: what a vLLM share of 0.90 of the card's memory leaves beside the weights, checked on that
  same log (RTX 3090, 31,232 tokens). No published log of this model on an L4 was found; 28,000 is also
  what SGLang's own default share leaves there.
- L4 times: the end-to-end measurements of github.com/ree2raz/inference-bench (`results/summary.csv`,
  Qwen2.5-7B on an L4 with SGLang 0.4.6: 57.7 ms a token alone, 69 ms at 64 at once, 4,700 prefill token/s),
  scaled by 1.05 to 8.0 billion parameters; agrees with the card's 300 GB/s and 121 TFLOP/s.
- A10G times: from its 600 GB/s and 70 TFLOP/s only; no measurement stands behind them.
- L40S, A100 and H100 times: sums of the kernel times that `aiconfigurator-core` 0.12.0 (NVIDIA) has
  measured with SGLang 0.5.6-0.5.14 and vLLM 0.14-0.24. Cross-checks: an A100-40 at 13.3 ms a token
  (johnmusgrave.com, vLLM 0.23), an H100 at 6.5 ms (yobitelcomm, vLLM 0.21).
- Prefill chunk: SGLang 0.4.8 `server_args.py`, by the card's memory: 2,048 below 35 GB, 8,192 from there.
- Sequences in a batch: vLLM's default `max_num_seqs`, 256.
- Context: the model's 131,072 tokens; the KV capacity limits a request first on all but the largest cards.
"""

from dataclasses import dataclass

from nightshift.engine.tokens import BLOCK_TOKENS


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """One device with one model; see the head of this file for the formula and the sources."""

    name: str
    kv_capacity_tokens: int
    base_ns: int
    prefill_token_ns: int
    kv_token_ns: int
    sequence_ns: int
    chunked_prefill_tokens: int
    """Prompt tokens that one step computes at most."""
    max_running: int = 256
    context_tokens: int = 131_072
    conservativeness: float = 1.0
    """SGLang's `--schedule-conservativeness`: less admits more and retracts more (`admission.py`)."""
    block_tokens: int = BLOCK_TOKENS
    """Tokens of a block of KV cache: what is cached is whole blocks. vLLM's default; llama.cpp has 1."""
    prefill_pair_ns: int = 0
    """For each pair of a prompt token computed in the step and a token before it in its prompt."""

    @property
    def kv_capacity_blocks(self) -> int:
        """Whole blocks of KV cache."""
        return self.kv_capacity_tokens // self.block_tokens

    @property
    def longest_tokens(self) -> int:
        """Tokens of prompt and answer that one request may have together."""
        return min(self.context_tokens, self.kv_capacity_blocks * self.block_tokens)

    def step_ns(self, *, prefill_tokens: int, kv_tokens: int, sequences: int, prefill_pairs: int = 0) -> int:
        """Return the time of one step."""
        return (
            self.base_ns
            + self.prefill_token_ns * prefill_tokens
            + self.prefill_pair_ns * prefill_pairs
            + self.kv_token_ns * kv_tokens
            + self.sequence_ns * sequences
        )


_DEVICES = (
    DeviceProfile("l4-llama-3.1-8b", 28_000, 61_000_000, 210_000, 550, 100_000, 2_048),
    DeviceProfile("a10g-llama-3.1-8b", 27_000, 31_000_000, 330_000, 270, 100_000, 2_048),
    DeviceProfile("l40s-llama-3.1-8b", 190_000, 22_000_000, 73_000, 180, 100_000, 8_192),
    DeviceProfile("a100-llama-3.1-8b", 450_000, 11_500_000, 64_000, 90, 60_000, 8_192),
    DeviceProfile("h100-llama-3.1-8b", 450_000, 6_000_000, 21_000, 42, 40_000, 8_192),
    # For tests: the batching and the memory of an L4, in no time.
    DeviceProfile("instant", 28_000, 0, 0, 0, 0, 2_048),
)

PROFILES = {profile.name: profile for profile in _DEVICES}
