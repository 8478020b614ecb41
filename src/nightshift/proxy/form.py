"""One short field of a form with files (multipart/form-data, RFC 7578), without taking the form apart.

A form may hold an hour of sound. So only the heads of its parts are looked at, each up to a bound, and no
more parts than a form of these APIs has: the work is one search through the body, whatever it contains.
"""

import re

_MAX_PARTS = 64
_MAX_HEAD_BYTES = 1024
_MAX_VALUE_BYTES = 512
_BOUNDARY = re.compile(rb'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)


def form_field(content_type: bytes, body: bytes, name: bytes) -> bytes | None:
    """Return the value of the first part called `name`; None if there is none, or no form."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        return None
    delimiter = b"--" + (found[1] or found[2])
    wanted = re.compile(rb'content-disposition:[^\r\n]*[;\s]name="?%b"?\s*(?:;|\r|$)' % re.escape(name), re.I)
    at = body.find(delimiter)
    for _ in range(_MAX_PARTS):
        if at < 0:
            return None
        end = body.find(b"\r\n\r\n", at, at + _MAX_HEAD_BYTES)
        if end >= 0 and wanted.search(body, at, end):
            value_end = body.find(b"\r\n" + delimiter, end + 4, end + 4 + _MAX_VALUE_BYTES + len(delimiter))
            return None if value_end < 0 else body[end + 4 : value_end]
        at = body.find(delimiter, at + len(delimiter))
    return None
