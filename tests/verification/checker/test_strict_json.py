"""Files that are meant to exhaust or confuse a reader."""

import os
from pathlib import Path

import pytest

from verification.checker.strict_json import RejectedError, fields, integer, name, parse, read_bytes


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":' + b"[" * 1_000_000,
        b'{"a":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
        b'{"a":' * 200_000,
        b'{"a":' + b"9" * 1_000_000 + b"}",
        b'{"a":-' + b"9" * 16 + b"}",
        b'{"a":1e999999999999}',
        b'{"a":' + b"1" * 500_000 + b"." + b"1" * 500_000 + b"}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":{"b":1,"b":2}}',
        b"[1]",
        b'"text"',
        b"",
        b"{",
        b'{"a":1}x',
        b'{"a":01}',
        b'{"a":-0}',
        b"{'a':1}",
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\xff"}',
        b'"' + b'\\"' * 300_000,
        b"/*" * 300_000,
    ],
    ids=lambda text: f"{text[:12]!r}..{len(text)}",
)
@pytest.mark.parametrize("reals", [False, True])
def test_hostile_text_is_rejected(text: bytes, reals: bool) -> None:
    with pytest.raises(RejectedError):
        parse(text, reals=reals, comments=reals)


def test_a_certificate_holds_no_reals_and_no_other_alphabet() -> None:
    assert parse(b'{"a": 12, "b": "0x1.8p+1"}') == {"a": 12, "b": "0x1.8p+1"}
    for text in (b'{"a": 1.5}', b'{"a": 1e3}', '{"a": "\u0430"}'.encode()):
        with pytest.raises(RejectedError):
            parse(text)


def test_an_input_may_hold_reals_and_dvrk_comments() -> None:
    text = b'/* a */ {"x": 1.5, // "x": 2\n "url": "http://no/comment", "y": "a /* b */"}'
    assert parse(text, reals=True, comments=True) == {"x": 1.5, "url": "http://no/comment", "y": "a /* b */"}


@pytest.mark.parametrize("value", [True, 1.0, "1", None, [1], 11, -1])
def test_an_integer_is_an_integer_in_its_range(value: object) -> None:
    with pytest.raises(RejectedError):
        integer(value, 0, 10, "n")


def test_objects_have_exactly_the_expected_keys() -> None:
    assert fields({"b": 1, "a": 2}, "a b") == [2, 1]
    for wrong in ({"a": 1}, {"a": 1, "b": 2, "c": 3}, [1, 2], None, {"a": 1, "\u1d43": 2}):
        with pytest.raises(RejectedError):
            fields(wrong, "a b")


@pytest.mark.parametrize("value", ["", "1a", "a b", "../a", "a" * 81, "\u212a", "a\n", 3])
def test_a_name_is_plain(value: object) -> None:
    with pytest.raises(RejectedError):
        name(value, "name")


def test_only_regular_files_of_limited_size_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"12345")
    assert read_bytes(file, 5) == b"12345"
    with pytest.raises(RejectedError, match="larger than 4 bytes"):
        read_bytes(file, 4)
    (tmp_path / "link").symlink_to(file)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name_ in ("link", "pipe", "folder", "missing"):
        with pytest.raises(RejectedError):
            read_bytes(tmp_path / name_, 10)


def test_a_sparse_file_of_a_terabyte_costs_nothing(tmp_path: Path) -> None:
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(RejectedError, match="larger"):
        read_bytes(tmp_path / "huge", 1000)
