"""A bisection tree: which halves of halves of a box were looked at one by one."""

import base64
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolkit import FloatArray

LEAF = 255


@dataclass(frozen=True)
class Tree:
    """nodes: one byte per node in preorder; 255 is a leaf, j splits coordinate j at `middle`, the lower half comes first."""

    nodes: bytes

    @property
    def leaves(self) -> int:
        return self.nodes.count(LEAF)

    @property
    def text(self) -> str:
        """Base64, as certificates hold it."""
        return base64.b64encode(self.nodes).decode("ascii")

    @staticmethod
    def from_children(split: NDArray[np.int64], lower_child: NDArray[np.int64], upper_child: NDArray[np.int64]) -> "Tree":
        """From node numbers: node k is a leaf where split[k] is 255, else has two children; node 0 is the root."""
        nodes, waiting = bytearray(), [0]
        splits, lower, upper = split.tolist(), lower_child.tolist(), upper_child.tolist()
        while waiting:
            k = waiting.pop()
            nodes.append(splits[k])
            if splits[k] != LEAF:
                waiting += (upper[k], lower[k])
        return Tree(bytes(nodes))

    def boxes(self, lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The leaves' boxes in preorder, (leaves, n) twice."""
        found_lower, found_upper = [], []
        waiting = [(lower, upper)]
        for node in self.nodes:
            low, high = waiting.pop()
            if node == LEAF:
                found_lower.append(low)
                found_upper.append(high)
                continue
            left_high, right_low = high.copy(), low.copy()
            left_high[node] = right_low[node] = middle(low[node], high[node])
            waiting += [(right_low, high), (low, left_high)]
        return np.array(found_lower), np.array(found_upper)


SINGLE_LEAF = Tree(bytes([LEAF]))


def middle(lower: FloatArray, upper: FloatArray) -> FloatArray:
    """0.5 lower + 0.5 upper in float64: the point every reader of a tree must split at."""
    return 0.5 * lower + 0.5 * upper
