from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.audit.canonical import canonical_bytes
from safety.audit.link import MAX_PACKET, pack_ack, pack_entry, unpack_ack, unpack_entry
from safety.audit.record import Chain, RecordKind, Stamp
from toolkit import InvalidInput

STAMP = Stamp(1_795_378_904_704_146_979, None, 14_524_759_865_184)
finite = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | finite | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=12,
)


def through(kind: RecordKind, data: Any) -> bytes:
    """The line that a payload becomes on its way through both processes."""
    return Chain().line(*unpack_entry(pack_entry(kind, STAMP, "test", data, urgent=False)))


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values, max_size=5))
def test_the_quick_way_of_a_cycle_writes_the_same_line_as_the_slow_way(data: dict[str, Any]) -> None:
    assert through(RecordKind.CYCLE, data) == through(RecordKind.EVENT, data).replace(b'"kind":"EVENT"', b'"kind":"CYCLE"')
    assert b'"data":' + canonical_bytes(data) in through(RecordKind.CYCLE, data)


def test_numpy_and_views_go_through_both_ways() -> None:
    data = {"q": np.array([0.5, 1.5]), "n": np.int64(3), "x": np.float64(0.25), "m": MappingProxyType({"b": np.bool_(True)}), "t": (1, 2)}
    expected = b'"data":{"m":{"b":true},"n":3,"q":[0.5,1.5],"t":[1,2],"x":0.25}'
    assert expected in through(RecordKind.CYCLE, data) and expected in through(RecordKind.EVENT, data)


@pytest.mark.parametrize("kind", [RecordKind.CYCLE, RecordKind.EVENT])
@pytest.mark.parametrize(
    "bad", [float("nan"), float("inf"), -float("inf"), np.array([1.0, np.nan]), np.float32("inf"), np.array(["text"]), 1j]
)
def test_what_has_no_canonical_form_is_refused_with_its_path_either_way(kind: RecordKind, bad: object) -> None:
    with pytest.raises(InvalidInput, match=r"^data\.state\.q(\[1\])?: "):
        pack_entry(kind, STAMP, "test", {"state": {"q": bad}}, urgent=False)


@pytest.mark.parametrize("text", ["\xcb\x7f\xf0", "Ë\x7fð"])
def test_bytes_that_only_look_like_a_number_that_is_not_finite_are_no_reason_to_refuse(text: str) -> None:
    packed = b"".join([b"\xcb\x7f", bytes([0xF0])])
    value = int.from_bytes(packed + bytes(4), "big")
    assert str(value).encode() in through(RecordKind.CYCLE, {"text": text, "wide": value})


@pytest.mark.parametrize("kind", [RecordKind.CYCLE, RecordKind.EVENT])
def test_a_record_that_is_too_large_is_refused(kind: RecordKind) -> None:
    with pytest.raises(InvalidInput, match=f"less than {MAX_PACKET}"):
        pack_entry(kind, STAMP, "test", {"text": "x" * MAX_PACKET}, urgent=False)


def test_an_acknowledgement_comes_back() -> None:
    assert unpack_ack(pack_ack(2**40)) == 2**40
