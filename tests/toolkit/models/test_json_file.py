import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from toolkit import SpecificationError
from toolkit.models.dvrk_file import ArmFile, ToolFile
from toolkit.models.instrument import dvrk_folder
from toolkit.models.json_file import load_json, strip_comments


class Anything(BaseModel):
    a: int = 0


@given(st.recursive(st.text() | st.integers() | st.booleans(), lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=8))
def test_stripping_leaves_json_without_comments_as_it_is(value):
    text = json.dumps(value, indent=1)
    assert strip_comments(text) == text


def test_comments_go_strings_and_line_numbers_stay():
    text = '{ // one\n "url": "http://x/*y*/ \\" //", /* two\n lines */ "a": 1 }'
    stripped = strip_comments(text)
    assert json.loads(stripped) == {"url": 'http://x/*y*/ " //', "a": 1}
    assert stripped.count("\n") == text.count("\n")


def write(tmp_path, text):
    path = tmp_path / "arm.json"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("text", "line", "problem"), [
    ('{\n /* open\n', 2, "never closed"), ('{\n"a": 1,,\n}', 2, "not JSON"), ('{"a": 1, "a": 2}', None, "twice"), ("[1]", 1, ""),
])
def test_broken_json_names_file_and_line(tmp_path, text, line, problem):
    with pytest.raises(SpecificationError) as error:
        load_json(write(tmp_path, text), Anything)
    assert error.value.line == line and problem in error.value.problem and error.value.file.endswith("arm.json")


def test_a_missing_or_binary_file_is_refused(tmp_path):
    with pytest.raises(SpecificationError, match="cannot be read"):
        load_json(tmp_path / "nothing.json", Anything)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecificationError, match="cannot be read"):
        load_json(tmp_path / "binary.json", Anything)


@pytest.mark.parametrize(("old", "new", "field", "whole"), [
    ('"qmax": 0.24,', '"qmax": 240.0,', "DH.joints.2.qmax", False),  # millimetres
    ('"qmax": 0.24,', '"qmax": 2.4,', "DH.joints.2", True),
    ('"qmax": 0.24,', '"qmax": NaN,', "DH.joints.2.qmax", False),
    ('"offset": -0.4318', '"offset": -4.318', "DH.joints.2", True),
    ('"alpha": -1.5708', '"alpha": -90.0', "DH.joints.1.alpha", False),  # degrees
    ('"type": "prismatic"', '"type": "prismatc"', "DH.joints.2.type", False),
    ('"convention": "modified"', '"convention": "modifed"', "DH.convention", False),
    ('"ftmax": 9.877926', '"ftmax": "strong"', "DH.joints.2.ftmax", False),
    ('"ftmax": 9.877926', '"ftmax": -1', "DH.joints.2.ftmax", False),
    ('"qmin": 0.0,', '"qmin": 0.3,', "DH.joints.2", True),
    ('"offset": -0.4318', '"ofset": -0.4318', "DH.joints.2.offset", True),
    ('"joints"', '"joint"', "DH.joint", False),
])
def test_a_slip_in_a_kinematic_file_is_refused_with_field_and_line(tmp_path, old, new, field, whole):
    text = (dvrk_folder() / "kinematic" / "PSM.json").read_text()
    assert text.count(old) == 1
    with pytest.raises(SpecificationError) as error:
        load_json(write(tmp_path, text.replace(old, new)), ArmFile)
    assert error.value.field == field
    at = text[: text.index(old)].count("\n") + 1
    if whole:  # what concerns a whole joint or table, or is missing in it, stands where that begins
        assert at - 8 <= error.value.line < at
    else:
        assert error.value.line == at


def test_an_unknown_key_in_a_tool_file_is_refused(tmp_path):
    text = (dvrk_folder() / "tool" / "LARGE_NEEDLE_DRIVER_400006.json").read_text()
    with pytest.raises(SpecificationError, match="copling"):
        load_json(write(tmp_path, text.replace('"coupling"', '"copling"')), ToolFile)
