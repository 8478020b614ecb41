"""Settings without their secrets, for people to look at.

By name, and generously: every text under a key that sounds secret is masked, except names of files. Numbers
stay (`tokens_per_minute` is none). A password in a URL is masked wherever it stands.
"""

import re
from collections.abc import Mapping

MASK = "***"

_SECRET = re.compile(r"token|secret|passw|authorization|credential|headers|(^|_)keys?($|_)", re.IGNORECASE)
_NAME_OF_A_FILE = re.compile(r"(_file|_path|_dir)$", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+@")


def masked(settings: object) -> object:
    """Return plain data like `settings`, with what is secret replaced."""
    return _masked(settings, secret=False)


def _masked(value: object, *, secret: bool) -> object:
    if isinstance(value, Mapping):
        return {key: _masked(inner, secret=secret or _is_secret(str(key))) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(inner, secret=secret) for inner in value]
    if isinstance(value, str):
        return MASK if secret else _USER_INFO.sub(MASK + "@", value)
    return value


def _is_secret(key: str) -> bool:
    return bool(_SECRET.search(key)) and not _NAME_OF_A_FILE.search(key)
