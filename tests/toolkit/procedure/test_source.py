"""What the YAML reader refuses, and where it says the fault is."""

from pathlib import Path

import pytest

from toolkit import SpecificationError
from toolkit.procedure import read_source
from toolkit.procedure.source import BYTES_MAX, DEPTH_MAX, VALUES_MAX, parse_source


def refused(text: str) -> SpecificationError:
    with pytest.raises(SpecificationError) as caught:
        parse_source(text, "f.yaml")
    assert caught.value.file == "f.yaml"
    return caught.value


def test_scalars_follow_the_core_schema() -> None:
    text = "a: no\nb: 1e-9\nc: 12:30\nd: 010\ne: true\nf: ~\ng: '1'\nh: 2026-11-01\ni: .5\nj: -.inf\nk: on\nl: +3\nm: 5."
    assert parse_source(text).data == {
        "a": "no", "b": 1e-9, "c": "12:30", "d": 10, "e": True, "f": None, "g": "1", "h": "2026-11-01", "i": 0.5,
        "j": float("-inf"), "k": "on", "l": 3, "m": 5.0,
    }  # fmt: skip


def test_lines_are_those_of_the_keys_and_items() -> None:
    source = parse_source("a:\n  b: 1\n  c:\n    - 1\n    - {d: 2,\n       e: 3}\n")
    assert source.line(("a", "b")) == 2
    assert source.line(("a", "c", 0)) == 4
    assert source.line(("a", "c", 1, "e")) == 6
    assert source.line(("a", "zzz")) == 1


def test_list_items_are_called_by_their_name() -> None:
    source = parse_source("c: [{name: vessel, r: 1}, {r: 2}]")
    assert source.field(("c", 0, "r")) == "c[vessel].r"
    assert source.field(("c", 1, "r")) == "c[1].r"


def test_a_duplicate_key_is_refused_with_both_lines() -> None:
    error = refused("a: 1\nb: 2\na: 3\n")
    assert error.line == 3
    assert "first on line 1" in str(error)


@pytest.mark.requirement("CYB-002")
def test_alias_explosion_is_bounded() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))
    assert f"{VALUES_MAX} values" in str(refused(bomb))


@pytest.mark.requirement("CYB-002")
def test_an_alias_to_itself_is_refused() -> None:
    assert "levels" in str(refused("a: &a [*a]\n"))


def test_an_alias_of_a_value_is_read_where_it_stands() -> None:
    assert parse_source("a: &v [1, 2]\nb: *v\n").data == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.requirement("CYB-002")
@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused_before_recursion(opening: str) -> None:
    assert f"more than {DEPTH_MAX} deep" in str(refused("a:\n " + opening * 5000)) or "not YAML" in str(refused("a:\n " + opening * 5000))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "a procedure is a mapping"),
        ("- 1\n", "a procedure is a mapping"),
        ("just text\n", "a procedure is a mapping"),
        ("a: 1\n---\nb: 2\n", "not YAML"),
        ("a: !tag 1\n", "tags are not used"),
        ("a: !!int x\n", "not a int"),
        ("<<: {b: 1}\n", "merge keys"),
        ("1: a\n", "a field name is text"),
        ("? [a]\n: 1\n", "a field name is text"),
        ("a: *nowhere\n", "undefined alias"),
        ("a: \x07\n", "not YAML"),
        ("a: 'open\n", "not YAML"),
    ],
)
def test_what_is_not_a_plain_mapping_is_refused(text: str, problem: str) -> None:
    assert problem in str(refused(text))


def test_bytes_that_are_not_utf8_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: 1\nb: \xe9\n")
    with pytest.raises(SpecificationError, match=r"latin.yaml:2: byte 0xe9: the file is UTF-8 text"):
        read_source(path)


@pytest.mark.requirement("CYB-002")
def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_text("#" * (BYTES_MAX + 1))
    with pytest.raises(SpecificationError, match="larger than"):
        read_source(path)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="cannot be read"):
        read_source(tmp_path)


def test_a_name_with_a_null_byte_is_refused() -> None:
    with pytest.raises(SpecificationError, match="cannot be read"):
        read_source("a\0b")
