"""Where the fuzzing begins: every row of the edge corpus, and the answers of good and bad engines."""

from tests.edge.corpus import ALL

REQUESTS = [row.data for row in ALL if len(row.data) <= 4096]
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
_CHUNKED = _HEAD + b"transfer-encoding: chunked\r\n\r\n"
RESPONSES = [
    _HEAD + b"content-length: 2\r\n\r\n{}",
    _CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
    _CHUNKED + b"5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n",
    _CHUNKED + b"zz\r\nhello",
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    + _HEAD
    + b"content-length: 0\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\ncontent-length: 2\r\n\r\n{}" + _HEAD + b"content-length: 2\r\n\r\n{}",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    _HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{} ",
    _HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    _HEAD + b"x: a\r\n b\r\ncontent-length: 2\r\n\r\n{}",
    _HEAD + b"content-length: 2\r\n\r\n{}" + _HEAD + b"content-length: 2\r\n\r\n{}",
    b"garbage\r\n\r\n",
]
