"""The offline verifier's own canonical JSON, tree, proofs and notes: against official vectors, and against the code that writes logs."""

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.audit import canonical_bytes, merkle, note, verify_log
from safety.audit.canonical import LARGEST_INTEGER
from safety.audit.verify_log import QuickParser, Tree, canonical, consistency_holds, inclusion_holds, parse_strictly
from toolkit import InvalidInput

pytestmark = pytest.mark.requirement("AUD-005")

DATA = Path(__file__).parents[2] / "data"
MERKLE, JCS = DATA / "audit" / "rfc6962-merkle", DATA / "jcs"
ROOTS = json.loads((MERKLE / "roots.json").read_text())
LEAVES = [verify_log.leaf_hash(bytes.fromhex(text)) for text in ROOTS["leaf_inputs_hex"]]
EXAMPLE = (DATA / "audit" / "signed-note" / "example.txt").read_text("utf-8")
JCS_CASES = sorted(path.stem for path in (JCS / "input").glob("*.json"))

numbers = st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | numbers | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20
)


def cases(kind: str) -> list[Any]:
    paths = sorted((MERKLE / kind).rglob("*.json"))
    return [pytest.param(json.loads(path.read_text()), id=str(path.relative_to(MERKLE)).removesuffix(".json")) for path in paths]


def proof_of(case: dict[str, Any]) -> list[bytes]:
    return [b64decode(item) for item in case["proof"] or []]


def test_every_vector_is_here() -> None:
    assert (len(cases("inclusion")), len(cases("consistency")), len(JCS_CASES)) == (98, 98, 6)


@pytest.mark.requirement("AUD-025")
@pytest.mark.parametrize("case", cases("inclusion"))
def test_inclusion_vector(case: dict[str, Any]) -> None:
    leaf, root = b64decode(case["leafHash"] or ""), b64decode(case["root"] or "")
    assert inclusion_holds(leaf, case["leafIdx"], case["treeSize"], proof_of(case), root) is not case["wantErr"]


@pytest.mark.requirement("AUD-025")
@pytest.mark.parametrize("case", cases("consistency"))
def test_consistency_vector(case: dict[str, Any]) -> None:
    old, new = b64decode(case["root1"] or ""), b64decode(case["root2"] or "")
    assert consistency_holds(case["size1"], case["size2"], proof_of(case), old, new) is not case["wantErr"]


def test_from_size_0_nothing_is_proved() -> None:
    empty, root = Tree().root(), LEAVES[0]
    assert not consistency_holds(0, 1, [], empty, root) and not consistency_holds(0, 0, [], empty, empty)


@pytest.mark.parametrize("size", range(9))
def test_the_tree_grows_through_the_published_roots(size: int) -> None:
    tree = Tree()
    for leaf in LEAVES[:size]:
        tree.push(leaf)
    assert tree.size == size and tree.root().hex() == ROOTS["root_hashes_hex_by_size_0_to_8"][size]
    assert Tree().root(LEAVES[:size]) == tree.root()


@pytest.mark.requirement("AUD-025")
@settings(deadline=None)
@given(st.data())
def test_tree_and_proofs_agree_with_the_log_writers(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    leaves = [verify_log.leaf_hash(bytes([n])) for n in range(size)]
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    tree = Tree()
    for leaf in leaves:
        tree.push(leaf)
    assert tree.root() == merkle.root_of(leaves)
    inclusion = verify_log.range_roots(leaves, verify_log.inclusion_ranges(index, 0, size))
    consistency = verify_log.range_roots(leaves, verify_log.consistency_ranges(old, 0, size))
    assert inclusion == merkle.inclusion_proof(leaves, index) and consistency == merkle.consistency_proof(leaves, old)
    assert inclusion_holds(leaves[index], index, size, inclusion, tree.root())
    assert consistency_holds(old, size, consistency, merkle.root_of(leaves[:old]), tree.root())
    if inclusion:
        at = data.draw(st.integers(0, len(inclusion) - 1))
        wrong = [*inclusion[:at], bytes(32), *inclusion[at + 1 :]]
        assert not inclusion_holds(leaves[index], index, size, wrong, tree.root())


@pytest.mark.requirement("AUD-024")
@pytest.mark.parametrize("case", JCS_CASES)
def test_a_published_case_of_canonical_json(case: str) -> None:
    value = json.loads((JCS / "input" / f"{case}.json").read_bytes())
    expected = bytes.fromhex((JCS / "outhex" / f"{case}.txt").read_text())
    assert canonical(value).encode() == expected
    assert parse_strictly(expected) == value
    with pytest.raises(ValueError, match="canonical"):
        parse_strictly((JCS / "input" / f"{case}.json").read_bytes())


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("4340000000000001", "9007199254740994"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
    ],
)
def test_a_published_number_is_spelled_as_ecmascript_does(bits: str, text: str) -> None:
    import struct

    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert verify_log.number_text(value) == text


@settings(max_examples=500, deadline=None)
@given(values)
def test_the_verifier_spells_every_value_as_the_log_does(value: object) -> None:
    line = canonical_bytes(value)
    assert canonical(json.loads(line, parse_int=verify_log.integer)).encode() == line
    assert canonical_bytes(parse_strictly(line)) == line


def quick_accepts(line: bytes) -> bool:
    parser = QuickParser()
    try:
        parser.parse(line)
    except (ValueError, RecursionError):
        return False
    return parser.fractions_are_canonical()


@settings(max_examples=1000, deadline=None)
@given(values, st.data())
def test_the_quick_parser_accepts_nothing_that_the_strict_one_refuses(value: object, data: st.DataObject) -> None:
    line = bytearray(canonical_bytes({"a": value}))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(line) - 1))
        line[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"0", b"1", b".", b"-", b"e", b" ", b'"', b",", b"\t", b"9" * 17])
        )
    if quick_accepts(bytes(line)):
        parse_strictly(bytes(line))


@pytest.mark.parametrize(
    "line",
    [
        *(
            b"1.0",
            b"-0",
            b"-0.0",
            b"1e5",
            b"1E5",
            b"0.10",
            b"1.5e-05",
            b"1e-07",
            b"0.1000000000000000055",
            b"01",
            b"+1",
            b"1e999",
            b"-1e999",
        ),
        *(b"[1, 2]", b" 1", b"1 ", b"[1\t]", b'{"b":1,"a":2}', b'{"a":1,"a":1}', b"NaN", b"Infinity", b"-Infinity", b"9007199254740993"),
        *(b'"\\u0041"', b'"\\/"', b'"\xff"', b'"\xed\xa0\x80"', b'"\\ud800"', b"", b"{", b'{"a":1}{}'),
        *(b"[" * 100_000, b"9" * 5_000, b"0." + b"1" * 100_000),
    ],
)
def test_another_spelling_is_refused_by_both_parsers(line: bytes) -> None:
    assert not quick_accepts(line) and not quick_accepts(b'{"x":' + line + b"}")
    with pytest.raises(ValueError):
        parse_strictly(line)


def test_a_spelling_once_refused_is_refused_again() -> None:
    parser = QuickParser()
    for _ in range(2):
        parser.parse(b"[0.1000000000000000055]")
        assert not parser.fractions_are_canonical()
    parser.parse(b"[0.1,1e-7,0.00001]")
    assert parser.fractions_are_canonical()


@pytest.mark.requirement("AUD-026")
def test_the_published_note_is_accepted_and_a_changed_one_refused() -> None:
    vkey = EXAMPLE.split("verifier key: ")[1].split("\n")[0]
    raw = EXAMPLE.split("-----\n")[1].encode()
    key, found = verify_log.parse_vkey(vkey), verify_log.parse_note(raw)
    assert f"{key}" == vkey.rpartition("+")[0] and verify_log.signature_fault(found, key) == ""
    assert note.VerifierKey.parse(vkey).key_id == key.key_id
    assert "signature" in verify_log.signature_fault(found._replace(text=b"This is another message.\n"), key)
    assert "another key" in verify_log.signature_fault(found, verify_log.PublicKey("example.com/bar", key.raw))


@given(st.data())
def test_a_note_of_ours_is_read_as_it_was_signed_and_no_changed_byte_of_it(data: st.DataObject) -> None:
    signer = note.SigningKey("primum/test", bytes(32))
    raw = signer.sign("one\n\ntwo\n").encode()
    key = verify_log.parse_vkey(str(signer.verifier))
    assert verify_log.signature_fault(verify_log.parse_note(raw), key) == ""
    at = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:at] + bytes([raw[at] ^ (1 << data.draw(st.integers(0, 7)))]) + raw[at + 1 :]
    try:
        assert verify_log.signature_fault(verify_log.parse_note(changed), key) != ""
        with pytest.raises(InvalidInput):
            note.open_note(changed.decode(), note.VerifierKey.parse(str(signer.verifier)))
    except ValueError:
        return


@pytest.mark.parametrize(
    "vkey", ["", "a", "a+00000000+", "a+00000000+AAAA", "+11111111+" + b64encode(b"\x01" + bytes(32)).decode(), "a b+0+0"]
)
def test_what_is_no_key_is_refused(vkey: str) -> None:
    with pytest.raises(ValueError, match=r"key|base64|ASCII"):
        verify_log.parse_vkey(vkey)
