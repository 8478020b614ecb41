"""Reading the keys of clients: those in the settings, and those in a file of their own, a line each.

A key is stored by its SHA-256, and nothing secret is in them. A fast hash is the right one here. Slow ones
(scrypt, argon2) make guesses at what people choose expensive; these keys are 256 random bits that we draw, so
there is nothing to guess, and a slow hash would only cost each request milliseconds of CPU, which everybody
who sends wrong keys could then use up.
"""

from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe

import orjson
from pydantic import ValidationError

from nightshift.errors import UserError
from nightshift.proxy.access.settings import AccessSettings, KeySettings, check_keys_differ

PREFIX = "ns-"
"""Lets scanners for leaked secrets know one."""
FEWEST_CHARACTERS = 32
"""Of a key that was made elsewhere: 32 random hexadecimal digits are 128 bits."""


def new_key() -> str:
    """Draw a key: 256 random bits."""
    return PREFIX + token_urlsafe(32)


def digest_of(key: str) -> str:
    """Return what is stored of a key. Raises `UserError` for one that might be guessed."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UserError("a key is one word of printable ASCII characters")
    if len(key) < FEWEST_CHARACTERS:
        raise UserError(
            f"a key of {len(key)} characters could be guessed from its hash; take at least "
            f"{FEWEST_CHARACTERS} random ones, or let `nightshift keys new` draw it"
        )
    return sha256(key.encode()).hexdigest()


def all_keys(settings: AccessSettings) -> tuple[KeySettings, ...] | None:
    """Return every key that is configured; None: none is asked for. Raises `UserError`.

    A file without a key is an error: to be open to all is a decision, not what an empty file does.
    """
    path = settings.keys_file
    if path is None:
        return settings.keys or None
    keys = settings.keys + read_keys(path)
    if not keys:
        raise UserError(
            f"{path} holds no key; add one (`nightshift keys new`), or leave keys_file out to serve all"
        )
    try:
        return check_keys_differ(keys)
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def read_keys(path: Path) -> tuple[KeySettings, ...]:
    """Read a file of keys. Raises `UserError` that names the line."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    return tuple(_key(line, f"{path}, line {n}") for n, line in enumerate(lines, start=1) if line.strip())


def _key(line: bytes, where: str) -> KeySettings:
    try:
        return KeySettings.model_validate(orjson.loads(line))
    except orjson.JSONDecodeError as error:  # without its text, which quotes what might be a key
        raise UserError(
            f"{where}: not a JSON object; `nightshift keys new` prints the line to put here"
        ) from error
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise UserError(f"{where}: {key}: {problem['msg']}") from None
