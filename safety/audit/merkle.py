"""The RFC 6962 Merkle tree: its root while it grows, and the two proofs that relate leaves and roots.

    MTH({})      = SHA-256("")
    leaf(d)      = SHA-256(0x00 || d)
    node(l, r)   = SHA-256(0x01 || l || r)
    MTH(D[0:n])  = node(MTH(D[0:k]), MTH(D[k:n])),   k the largest power of two below n

Sizes and positions are counts of leaves; every hash is 32 bytes.
Source: RFC 6962, sections 2.1 to 2.1.2; the iterative checks are those of RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from collections.abc import Sequence
from hashlib import sha256

from toolkit import InvalidInput

EMPTY_ROOT = sha256().digest()
HASH_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf that holds `data`."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two others."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a tree that only grows: log2(n) hashes are enough for its root."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []  # roots of the complete subtrees of which the tree is made, largest first

    def append(self, leaf: bytes) -> None:
        """Add a leaf, given by its leaf hash."""
        carries = self.size
        while carries & 1:
            leaf = node_hash(self._edge.pop(), leaf)
            carries >>= 1
        self._edge.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the tree's root."""
        if not self._edge:
            return EMPTY_ROOT
        right = self._edge[-1]
        for left in reversed(self._edge[:-1]):
            right = node_hash(left, right)
        return right


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return PATH(index, D[n]) of RFC 6962, section 2.1.1: the siblings from the leaf up to the root.

    Args:
        leaves: the leaf hashes of the whole tree, n of them.
    Raises:
        InvalidInput: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise InvalidInput(f"index: {index} is outside [0, {len(leaves)})")
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*inclusion_proof(leaves[:k], index), root_of(leaves[k:])]
    return [*inclusion_proof(leaves[k:], index - k), root_of(leaves[:k])]


def consistency_proof(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """Return PROOF(size, D[n]) of RFC 6962, section 2.1.2: that the tree of the first `size` leaves is a prefix of this one.

    Raises:
        InvalidInput: `size` is not in 1..n. From size 0 there is nothing to prove, and a proof of nothing is refused.
    """
    if not 1 <= size <= len(leaves):
        raise InvalidInput(f"size: {size} is outside [1, {len(leaves)}]")
    return _subproof(leaves, size, whole=True)


def _subproof(leaves: Sequence[bytes], size: int, *, whole: bool) -> list[bytes]:
    if size == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = _split(len(leaves))
    if size <= k:
        return [*_subproof(leaves[:k], size, whole=whole), root_of(leaves[k:])]
    return [*_subproof(leaves[k:], size - k, whole=False), root_of(leaves[:k])]


def proves_inclusion(proof: Sequence[bytes], leaf: bytes, index: int, size: int, root: bytes) -> bool:
    """Whether `proof` shows that the tree of `size` leaves with this root has `leaf` (its hash) at `index`."""
    if not 0 <= index < size or not _are_hashes([*proof, leaf, root]):
        return False
    position, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            found = node_hash(sibling, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and found == root


def proves_consistency(proof: Sequence[bytes], size1: int, root1: bytes, size2: int, root2: bytes) -> bool:
    """Whether `proof` shows that the tree (size1, root1) is a prefix of the tree (size2, root2). Never from size 0."""
    if not 1 <= size1 <= size2 or not _are_hashes(proof):
        return False
    if size1 == size2:
        return not proof and root1 == root2
    path = list(proof)
    if size1 & (size1 - 1) == 0:  # the old tree is one complete subtree of the new one
        path.insert(0, root1)
    if not path:
        return False
    position, last = size1 - 1, size2 - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old == root1 and new == root2


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    power: int = 1 << ((size - 1).bit_length() - 1)
    return power


def _are_hashes(values: Sequence[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
