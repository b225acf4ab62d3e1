import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.audit.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    proves_consistency,
    proves_inclusion,
    root_of,
)
from toolkit import InvalidInput

pytestmark = pytest.mark.requirement("AUD-025")

VECTORS = Path(__file__).parents[2] / "data" / "audit" / "rfc6962-merkle"
ROOTS = json.loads((VECTORS / "roots.json").read_text())
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in ROOTS["leaf_inputs_hex"]]


def cases(kind: str) -> list[Any]:
    paths = sorted((VECTORS / kind).rglob("*.json"))
    return [pytest.param(json.loads(path.read_text()), id=str(path.relative_to(VECTORS)).removesuffix(".json")) for path in paths]


def hashes(case: dict[str, Any]) -> list[bytes]:
    return [b64decode(item) for item in case["proof"] or []]


def test_every_vector_is_here() -> None:
    assert len(cases("inclusion")) == len(cases("consistency")) == 98


@pytest.mark.parametrize("case", cases("inclusion"))
def test_inclusion_vector(case: dict[str, Any]) -> None:
    leaf, root = b64decode(case["leafHash"] or ""), b64decode(case["root"] or "")
    assert proves_inclusion(hashes(case), leaf, case["leafIdx"], case["treeSize"], root) is not case["wantErr"]


@pytest.mark.parametrize("case", cases("consistency"))
def test_consistency_vector(case: dict[str, Any]) -> None:
    root1, root2 = b64decode(case["root1"] or ""), b64decode(case["root2"] or "")
    assert proves_consistency(hashes(case), case["size1"], root1, case["size2"], root2) is not case["wantErr"]


@pytest.mark.parametrize("size", range(9))
def test_root_vector(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS["root_hashes_hex_by_size_0_to_8"][size]


def recursive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962's definition, word by word."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return node_hash(recursive_root(leaves[:k]), recursive_root(leaves[k:]))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 31, 32, 33, 100])
def test_the_frontier_agrees_with_the_definition_at_every_size(size: int) -> None:
    leaves = [leaf_hash(bytes([k])) for k in range(size)]
    tree = Frontier()
    for k, leaf in enumerate(leaves):
        tree.append(leaf)
        assert tree.size == k + 1 and tree.root() == recursive_root(leaves[: k + 1])


@given(st.integers(1, 70), st.data())
def test_a_proof_of_inclusion_holds_for_its_leaf_and_for_no_other(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([k])) for k in range(size)]
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(leaves, index), root_of(leaves)
    assert proves_inclusion(proof, leaves[index], index, size, root)
    if other != index:
        assert not proves_inclusion(proof, leaves[other], index, size, root)
        assert not proves_inclusion(proof, leaves[index], other, size, root)
    assert not proves_inclusion([*proof, root], leaves[index], index, size, root)
    assert not proves_inclusion(proof, leaves[index][:-1], index, size, root)


@given(st.integers(1, 70), st.data())
def test_a_proof_of_consistency_holds_for_a_prefix_and_not_for_a_changed_one(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([k])) for k in range(size)]
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(leaves, old)
    assert proves_consistency(proof, old, root_of(leaves[:old]), size, root_of(leaves))
    changed = [*leaves]
    changed[data.draw(st.integers(0, old - 1))] = leaf_hash(b"another")
    assert not proves_consistency(consistency_proof(changed, old), old, root_of(leaves[:old]), size, root_of(changed))
    for k in range(len(proof)):
        forged = [*proof]
        forged[k] = bytes(32)
        assert not proves_consistency(forged, old, root_of(leaves[:old]), size, root_of(leaves))


def test_nothing_is_proved_from_size_0() -> None:
    assert not proves_consistency([], 0, root_of([]), 3, root_of(LEAVES[:3]))
    assert not proves_consistency([], 0, root_of([]), 0, root_of([]))
    with pytest.raises(InvalidInput, match=r"size: 0 is outside \[1, 3\]"):
        consistency_proof(LEAVES[:3], 0)


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(InvalidInput, match=r"outside \[0, 3\)"):
        inclusion_proof(LEAVES[:3], index)
