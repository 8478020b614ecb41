"""One field of a form with files."""

import pytest

from nightshift.proxy.form import form_field

TYPE = b"multipart/form-data; boundary=--xyz"
FILE = (
    b'----xyz\r\nContent-Disposition: form-data; name="file"; filename="model"\r\n\r\n'
    b'\x00name="model"\xff\r\n'
)
MODEL = (
    b'----xyz\r\ncontent-disposition: form-data; name="model"\r\nContent-Type: text/plain\r\n\r\nwhisper\r\n'
)
END = b"----xyz--\r\n"


@pytest.mark.parametrize(
    ("content_type", "body", "value"),
    [
        (TYPE, MODEL + FILE + END, b"whisper"),
        (TYPE, FILE + MODEL + END, b"whisper"),
        (b'Multipart/Form-Data; Boundary="--xyz"', MODEL + END, b"whisper"),
        (TYPE, FILE + END, None),
        (TYPE, b"", None),
        (TYPE, MODEL, None),
        (b"multipart/form-data", MODEL + END, None),
        (TYPE, MODEL.replace(b"whisper", b"x" * 600) + END, None),
        (TYPE, MODEL.replace(b"whisper", b"") + END, b""),
        (TYPE, FILE * 70 + MODEL + END, None),
    ],
)
def test_field(content_type: bytes, body: bytes, value: bytes | None) -> None:
    assert form_field(content_type, body, b"model") == value
