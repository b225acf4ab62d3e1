import json

import pytest

from safety.audit.merkle import leaf_hash, root_of
from safety.audit.record import HEADER, Chain, RecordKind, Stamp, check_required
from toolkit import InvalidInput

STAMP = Stamp(1_795_378_904_704_146_979, 250, 14_524_759_865_184)


def test_each_line_names_the_one_before_and_the_tree_grows_over_all() -> None:
    chain = Chain()
    lines = [chain.line(RecordKind.EVENT, STAMP, "test", {"number": number}) for number in range(5)]
    records = [json.loads(line) for line in lines]
    assert records[0]["prev"] == "0" * 64 and [record["seq"] for record in records] == list(range(5))
    assert [record["prev"] for record in records[1:]] == [leaf_hash(line).hex() for line in lines[:-1]]
    assert chain.tree.root() == root_of([leaf_hash(line) for line in lines])


def test_a_line_says_when_on_which_clock_and_how_far_that_may_be_off() -> None:
    record = json.loads(Chain().line(RecordKind.EVENT, STAMP, "test", {}))
    assert record.keys() == HEADER
    assert (record["utc_ns"], record["clock"], record["clock_error_us"]) == ("1795378904704146979", "CLOCK_REALTIME", 250)
    assert json.loads(Chain().line(RecordKind.EVENT, Stamp(1, None, 2), "test", {}))["clock_error_us"] is None


def test_a_wide_integer_in_a_payload_becomes_a_string_and_not_another_number() -> None:
    record = json.loads(Chain().line(RecordKind.EVENT, STAMP, "test", {"ns": 2**53, "near": 2**53 - 1, "far": -(2**70)}))
    assert record["data"] == {"ns": "9007199254740992", "near": 9007199254740991, "far": str(-(2**70))}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (RecordKind.OPERATOR, {"action": "stop", "reason": "bleeding"}),
        (RecordKind.CONFIG, {"name": "limit", "old": None, "new": 3.0, "reason": "recalibrated"}),
        (RecordKind.SECURITY, {"event": "malformed packet", "detail": "3"}),
        (RecordKind.EVENT, {"anything": 1}),
    ],
)
def test_a_record_that_says_what_its_kind_must_say_is_taken(kind: RecordKind, data: dict[str, object]) -> None:
    check_required(kind, data)


@pytest.mark.parametrize(
    ("kind", "data", "what"),
    [
        (RecordKind.OPERATOR, {"action": "stop"}, "action, reason"),
        (RecordKind.OPERATOR, {"action": "stop", "reason": " "}, r"data\.reason"),
        (RecordKind.OPERATOR, {"action": "", "reason": "x"}, r"data\.action"),
        (RecordKind.OPERATOR, {"action": "stop", "reason": "x", "patient": "y"}, "action, reason"),
        (RecordKind.CONFIG, {"name": "limit", "new": 3.0, "reason": "x"}, "name, new, old, reason"),
        (RecordKind.CONFIG, {"name": "limit", "old": 1, "new": 3.0, "reason": None}, r"data\.reason"),
        (RecordKind.SECURITY, {"event": "x", "detail": 3}, r"data\.detail"),
    ],
)
def test_a_record_that_does_not_say_what_its_kind_must_say_is_refused(kind: RecordKind, data: dict[str, object], what: str) -> None:
    with pytest.raises(InvalidInput, match=what):
        check_required(kind, data)
