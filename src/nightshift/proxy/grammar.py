"""The grammar of a request's head and of chunked framing, as regular expressions, each under its rule.

What does not match is refused; nothing is repaired. Where the RFC lets a recipient choose between tolerance
and refusal, refusal is chosen: two servers that tolerate different things read different requests. Every
expression is linear: repetitions are possessive, and none can match what follows it.
"""

import re

# RFC 9110 5.6.2: token = 1*tchar
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"

# RFC 9110 5.5: field-value = *( VCHAR / obs-text / SP / HTAB ), without its outer whitespace. Obsolete
# folding (RFC 9112 5.2) is not in it, nor are CR, LF, NUL and the other control characters.
_FIELD_CONTENT = rb"[\t\x20-\x7e\x80-\xff]*+"

# RFC 9112 5: field-line = field-name ":" OWS field-value OWS. No whitespace before the colon (5.1).
_FIELD_LINE = _TOKEN + rb":" + _FIELD_CONTENT

# RFC 9112 3: request-line = method SP request-target SP HTTP-version, with exactly one SP (not the leniency
# that section allows). The target's own grammar is looked at later; here it is visible ASCII.
_REQUEST_LINE = rb"(" + _TOKEN + rb") ([\x21-\x7e]++) HTTP/([0-9])\.([0-9])\r\n"

REQUEST_LINE = re.compile(_REQUEST_LINE)
FIELD_LINE = re.compile(_FIELD_LINE)
FIELD_LINES = re.compile(rb"(?:" + _FIELD_LINE + rb"\r\n)*+")
"""All lines of a head after the first, or all trailers."""

REQUEST_HEAD = re.compile(_REQUEST_LINE + rb"((?:" + _FIELD_LINE + rb"\r\n)*+)")

# RFC 9112 2.2: a CR outside CRLF is invalid, and an LF alone is not taken for a line's end. With the control
# characters: what no head may have anywhere, so that it can be refused before it is whole. A CR at the end
# may still get its LF.
NEVER_IN_A_HEAD = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n|\Z)|(?<!\r)\n")

# RFC 9112 6.2: Content-Length = 1*DIGIT. No sign, no list, no blanks inside.
CONTENT_LENGTH = re.compile(rb"[0-9]++")
CONTENT_LENGTH_LINE = re.compile(rb"\r\ncontent-length:[ \t]*+([0-9]++)[ \t]*+\r\n", re.IGNORECASE)

# RFC 9112 3.2.1: origin-form = absolute-path [ "?" query ]. Of what RFC 3986 does not allow, browsers send
# some in queries and a little in paths; that is let through. A fragment is not sent (RFC 9112 3.2), and a
# backslash is a slash to some servers.
ORIGIN_FORM = re.compile(rb"/[!$-;=@-\[\]^_`a-z{|}~]*+(?:\?[!\"$-~]*+)?")

# RFC 3986 5.2.4: a segment "." or ".." is resolved by some servers and not by others, percent-encoded or not.
DOT_SEGMENT = re.compile(rb"(?:/|%2f|%5c)(?:\.|%2e){1,2}(?:/|%2f|%5c|\Z)", re.IGNORECASE)

# RFC 9110 7.2: Host = uri-host [ ":" port ] (RFC 3986 3.2.2), not empty, no userinfo (RFC 9110 4.2.4).
# Of the characters of a reg-name only those are taken that a name in the DNS, or of a container, can have.
_HOST = rb"(?:\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9\-._~]++)(?::[0-9]{0,5})?"
HOST = re.compile(_HOST)

# RFC 9112 3.2.2: absolute-form, of the two schemes that lead here.
ABSOLUTE_FORM = re.compile(rb"(https?)://([^/?]*+)(.*+)", re.IGNORECASE)

# RFC 9112 7.1.1: chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ). Whitespace is
# obsolete there ("bad") and refused, as llhttp does. Fifteen digits are more than any body.
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'
CHUNK_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,15})((?:;" + _TOKEN + rb"(?:=(?:" + _TOKEN + rb"|" + _QUOTED + rb"))?)*+)"
)
