import json
from pathlib import Path

import numpy as np
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.audit import canonical_bytes
from safety.audit.canonical import LARGEST_INTEGER, encode_plain
from toolkit import InvalidInput

pytestmark = pytest.mark.requirement("AUD-024")

JCS = Path(__file__).parents[2] / "data" / "jcs"
CASES = sorted(path.stem for path in (JCS / "input").glob("*.json"))

scalars = st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=("Cs",))) | st.sampled_from(["\x001e-7", '"\\u0000', '\\"\x005', "\x00"])
values = st.recursive(scalars | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)


def test_there_are_six_official_cases() -> None:
    assert len(CASES) == 6


@pytest.mark.parametrize("case", CASES)
def test_an_official_case_comes_out_as_published(case: str) -> None:
    value = json.loads((JCS / "input" / f"{case}.json").read_bytes())
    expected = bytes.fromhex((JCS / "outhex" / f"{case}.txt").read_text())
    assert canonical_bytes(value) == expected
    assert expected.strip() == (JCS / "output" / f"{case}.json").read_bytes().strip()


@settings(max_examples=400, deadline=None)
@given(values)
def test_every_value_comes_out_as_the_reference_encoder_has_it(value: object) -> None:
    assert encode_plain(value) == rfc8785.dumps(value)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=True)))
def test_a_float_survives_the_round_trip_bit_for_bit_but_for_the_sign_of_zero(numbers: list[float]) -> None:
    again = json.loads(canonical_bytes(np.array(numbers)))
    assert [float(x).hex() for x in again] == [(x + 0.0).hex() for x in numbers]


def test_arrays_and_scalars_of_numpy_become_lists_and_numbers() -> None:
    value = {
        "b": np.array([True, False]),
        "f": np.float64(0.5),
        "g": np.array(2.5),
        "i": np.int64(-3),
        "m": np.array([[1, 2], [3, 4]]),
        "n": np.zeros((0, 7)),
        "s": np.float32(0.5),
        "t": np.bool_(True),
    }
    assert canonical_bytes(value) == b'{"b":[true,false],"f":0.5,"g":2.5,"i":-3,"m":[[1,2],[3,4]],"n":[],"s":0.5,"t":true}'


@pytest.mark.parametrize("largest", [LARGEST_INTEGER, -LARGEST_INTEGER])
def test_an_integer_that_a_double_would_round_becomes_a_string(largest: int) -> None:
    beyond = largest + (1 if largest > 0 else -1)
    assert canonical_bytes(largest) == str(largest).encode()
    assert canonical_bytes(beyond) == f'"{beyond}"'.encode()
    assert canonical_bytes(np.array([0, largest])) == f"[0,{largest}]".encode()
    assert canonical_bytes(np.array([0, beyond])) == f'[0,"{beyond}"]'.encode()
    assert canonical_bytes(np.array([[0], [beyond]])) == f'[[0],["{beyond}"]]'.encode()


def test_finite_numbers_whose_sum_overflows_are_not_refused() -> None:
    assert json.loads(canonical_bytes(np.array([1.7e308, 1.7e308]))) == [1.7e308, 1.7e308]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_refused_with_its_path(bad: float) -> None:
    with pytest.raises(InvalidInput, match=r"^\.state\.q\[2\]: not finite"):
        canonical_bytes({"ok": 1.0, "state": {"q": np.array([0.0, 1.0, bad])}})
    with pytest.raises(InvalidInput, match=r"^\.plan\[1\]\[0\]: not finite"):
        canonical_bytes({"plan": np.array([[0.0, 1.0], [bad, 0.0]])})
    with pytest.raises(InvalidInput, match=r"^\.steps\[0\]\.speed: not finite"):
        canonical_bytes({"steps": ({"speed": bad},)})
    with pytest.raises(InvalidInput, match=r"the whole value"):
        canonical_bytes(np.float64(bad))


@pytest.mark.parametrize(
    "bad", [b"bytes", 1j, object(), {1, 2}, np.array([1j]), np.array(["a"]), np.array([object()]), np.longdouble(1), "\ud800"]
)
def test_a_value_without_a_json_form_is_refused(bad: object) -> None:
    with pytest.raises(InvalidInput, match=r"^\.x(\[0\])?: "):
        canonical_bytes({"x": bad})


def test_a_key_that_is_not_a_string_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"^\.joints: a key is not a string: 1"):
        canonical_bytes({"joints": {1: 2.0}})


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(InvalidInput, match="contains itself"):
        canonical_bytes(value)
