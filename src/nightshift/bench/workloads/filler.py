"""Text of an exact length in tokens, where only lengths and what is shared matter.

A word of three letters and a space is 4 bytes: one token of the emulated engines, and about one of a real
tokenizer. Which words come is a hash of a key, so the same key gives the same text, on every machine.
"""

from functools import lru_cache
from hashlib import shake_128

_WORDS = (
    "ace act add age ago aid aim air all and ant any ape arc are ark arm art ash ask ate bad bag ban bar bat "
    "bay bed bee beg bet bid big bin bit bow box boy bud bug bun bus but buy cab can cap car cat cow cry cub "
    "cup cut dad dam day den dew did dig dim dip dog dot dry due dug ear eat egg ego elf elm end era eve eye "
    "fan far fat fed fee few fig fin fir fit fix fly fog for fox fun fur gap gas gem get got gum gun guy had "
    "ham has hat hay hen her hid him hip his hit hop hot how hub hug hut ice ill ink inn ion its ivy jam jar "
    "jaw jet job jog joy jug key kid kin kit lab lad lap law lay led leg let lid lie lip lit log lot low mad "
    "man map mat may men met mid mix mob mom mud mug nap net new nod nor not now nut oak oar odd off oil old "
    "one opt our out owe owl own pad pan paw pay pea pen pet pie pig pin pit pod pop pot put rag ram ran rat "
    "raw ray red rib rid rim rip rob rod row rub rug run sad sat saw say sea see set sew she shy sir sit six "
    "ski sky sly son spy sum sun tab tag tan tap tar tax tea ten the tie tin tip toe ton too"
)
"""256 of them: one for each value of a byte."""
_FOUR_BYTES = tuple(f"{word} ".encode() for word in _WORDS.split())


@lru_cache(maxsize=4096)
def filler(key: str, tokens: int) -> str:
    """Return text of exactly `tokens` tokens, 4 bytes each, that only `key` decides.

    A longer text of the same key begins with the shorter.
    """
    drawn = shake_128(key.encode()).digest(tokens)
    return b"".join([_FOUR_BYTES[byte] for byte in drawn]).decode()
