"""Which coordinates the distance of a body point from a fixed point does not depend on, decided by exact algebra.

|P - centre|^2 is expanded over the rationals. A turning joint has symbols c, s for its angle, a constant turn about x symbols C, S for
its own; of both only c^2 + s^2 = 1 is used, so the answer holds for any constant angles, the file's and the program's rounded ones alike.
Replacing c^2 by 1 - s^2 leaves a unique normal form: a coordinate that does not occur in it does not matter.
"""

from collections.abc import Sequence
from typing import Any

from flint import Ordering, arb, fmpq_mpoly_ctx

from .chain import Joint, Path
from .exact import exactly
from .strict_json import need

SLACK_M = 1e-6
"""What freezing a coordinate costs: the expansion takes rotations as exact, `check_rigid` to 1e-11, over a reach of some 300 m."""


def check_frozen(path: Path, centre: Sequence[float], coordinates: Sequence[int]) -> None:
    """Reject unless |P(q) - centre| does not depend on these coordinates."""
    need(all(joint.turn != "other" for joint in path.joints), "frozen: this chain has a constant that symmetry cannot expand")
    context = fmpq_mpoly_ctx.get([f"{kind}{i}" for i in range(len(path.joints)) for kind in "csCS"], Ordering.lex)
    symbols = context.gens()
    v = [context.constant(_middle(x)) for x in path.p.entries()]
    for i in range(len(path.joints) - 1, -1, -1):
        v = _carried(path.joints[i], v, symbols[4 * i : 4 * i + 4])
    away = [x - exactly(c) for x, c in zip(v, centre, strict=True)]
    reduced = away[0] ** 2 + away[1] ** 2 + away[2] ** 2
    for c, s in zip(symbols[::2], symbols[1::2], strict=True):
        reduced = divmod(reduced, c * c + s * s - 1)[1]  # c stands before s in the order, so c^2 leads; a slide has no c
    degrees = reduced.degrees()
    for i, joint in enumerate(path.joints):
        free = degrees[4 * i] == 0 and degrees[4 * i + 1] == 0
        need(joint.coordinate not in coordinates or free, f"frozen: the distance depends on coordinate {joint.coordinate}")


def _carried(joint: Joint, v: list[Any], symbols: Sequence[Any]) -> list[Any]:
    """R (motion v) + p; the amount of a slide is the symbol s."""
    c, s, C, S = symbols
    x, y, z = v
    x, y, z = (x, y, z + s) if joint.slides else (c * x - s * y, s * x + c * y, z)
    if joint.turn == "x":
        y, z = C * y - S * z, S * y + C * z
    return [value + _middle(p) for value, p in zip((x, y, z), joint.p.entries(), strict=True)]


def _middle(x: arb) -> Any:
    return exactly(float(x.mid()))
