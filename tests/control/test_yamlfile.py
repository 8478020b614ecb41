"""YAML that remembers its lines, and what it refuses."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.control.yamlfile import parse, read
from nightshift.errors import UserError


def test_lines_of_keys_and_values() -> None:
    document = parse("a: 1\nb:\n  c: [x,\n    y]\n  d: {e: 2}\n", "f")
    assert document.data == {"a": 1, "b": {"c": ["x", "y"], "d": {"e": 2}}}
    lines = [
        document.line(path) for path in [("a",), ("b", "c"), ("b", "c", 1), ("b", "d", "e"), ("b", "nope")]
    ]
    assert lines == [1, 3, 4, 5, 2]


def test_merge_keys_and_aliases_work() -> None:
    document = parse("base: &b {x: 1, y: 2}\nmine: {<<: *b, y: 3}\nagain: *b\n", "f")
    assert document.data == {"base": {"x": 1, "y": 2}, "mine": {"x": 1, "y": 3}, "again": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f:1:1: the file is empty"),
        ("a: 1\n\tb: 2\n", "f:2:1: .*spaces, YAML forbids tabs"),
        ("a: [1, 2\nb: 3\n", "f:2:2: expected"),
        ("a: 1\nb: 2\na: 3\n", "f:3:1: key 'a' a second time; the first is in line 1"),
        ("a: {b: 1, b: 2}\n", "f:1:11: key 'b' a second time"),
        ("1: x\n", r"f:1:1: a key must be text, found 1"),
        ("no: x\n", r"f:1:1: a key must be text, found no \(false\); put it in quotes"),
        ("[a]: x\n", "f:1:1: a key must be text, found a collection"),
        ("a: 1\n---\nb: 2\n", "f:2:1: but found another document"),
        ("a: !!python/object/apply:os.system [true]\n", "f:1:4: the tag .*os.system. is not for"),
        ("a: !foo 3\n", "f:1:4: could not determine a constructor for the tag .!foo"),
        ("a: *nope\n", "f:1:4: found undefined alias"),
        ("a: &a [*a]\n", "f:1:7: an alias that contains itself|f:1:4: an alias that contains itself"),
        ("a: 2026-02-31\n", "f:1:4: '2026-02-31' is no value"),
        ("a: \x00\n", r"f:1:4: special characters are not allowed \(U\+0000\)"),
        ("[" * 5000, "f:1:1: nested deeper|f:1:5001"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        parse(text, "f")
    assert "\n" not in str(caught.value)


def test_aliases_that_blow_up_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(UserError, match="more than 100000 values"):
        parse("\n".join(lines), "f")


def outcome(text: str) -> object:
    try:
        return parse(text, "f").data
    except UserError as error:
        return error


@given(st.text(max_size=60))
def test_any_text_is_data_or_a_user_error_of_one_line(text: str) -> None:
    result = outcome(text)
    assert not isinstance(result, UserError) or (str(result).startswith("f:") and "\n" not in str(result))


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*No such file"):
        read(tmp_path / "nope.yaml")
    with pytest.raises(UserError, match=r"cannot read .*Is a directory"):
        read(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: \xe9\n")
    with pytest.raises(UserError, match=r"latin\.yaml:2: not UTF-8"):
        read(tmp_path / "latin.yaml")
    (tmp_path / "big.yaml").write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(UserError, match="larger than"):
        read(tmp_path / "big.yaml")
