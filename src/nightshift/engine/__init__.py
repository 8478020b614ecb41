"""A model of an LLM inference engine: continuous batching over a paged, prefix-cached KV memory.

Pure: no I/O, no clock, no randomness that is not a hash of the prompt. The same model serves behind
HTTP (`nightshift.backends.emulated`, one step at a time) and in virtual time (`virtual.py`, many steps
at once), so that what the simulator predicts comes from the code that serves.

Read in this order: `profiles` (how long a step takes), `tokens` (what a token and a block are),
`prefix_cache` and `kv_pool` (memory), `admission` and `decode_batch` (who runs), `engine` (one step),
`virtual` (many). `chat` and `answers` make prompts and answers of requests. What is and what is not
modelled: `docs/reference/engine-model.md`.
"""
