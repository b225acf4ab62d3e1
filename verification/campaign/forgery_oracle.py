"""Is a certificate's claim true? Decided without the checker: CasADi derivatives, numpy kinematics, sampling, floats.

It looks for a counterexample with every means but proof: False is certain, True says that none was found.
"""

import base64
import json
import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import casadi as ca
import numpy as np

from toolkit import FloatArray
from toolkit.models import SerialArm

from ..plain_kinematics import body_points

Json = dict[str, Any]
_SAMPLES = 400
_ROUNDING = 1e-9


def is_true(arm: SerialArm, inputs: dict[str, bytes], certificate: Json) -> bool:
    """Whether no counterexample to the claim is found. arm: the one that the inputs describe."""
    judges: dict[str, Callable[[SerialArm, dict[str, bytes], Json], bool]] = {
        "second_derivative_bound": _bounds_hold, "inclusion": _inclusion_holds, "polynomial_identity": _identity_holds,
        "sum_of_squares": _target_is_positive, "authority": _witnesses_work, "closure": _is_closed,
    }
    return judges[certificate["kind"]](arm, inputs, certificate)


def _limits(inputs: dict[str, bytes]) -> list[tuple[Fraction, Fraction]]:
    problem = json.loads(inputs["problem"])
    lower, upper, e = ([Fraction(float.fromhex(x)) for x in problem[key]] for key in ("lower", "upper", "e"))
    return [(low - d, high + d) for low, high, d in zip(lower, upper, e, strict=True)]


def _covers(certificate: Json, limits: list[tuple[Fraction, Fraction]]) -> bool:
    box = [[Fraction(float.fromhex(x)) for x in side] for side in certificate["box"]]
    return all(a <= low and high <= b for (a, b), (low, high) in zip(box, limits, strict=True))


def _configurations(limits: list[tuple[Fraction, Fraction]]) -> FloatArray:
    """Inside the inflated limits: random, and near corners and edges."""
    rng = np.random.default_rng(0)
    share = rng.random((_SAMPLES, len(limits)))
    half = _SAMPLES // 2
    share[half:] = np.where(rng.random((half, len(limits))) < 0.7, np.rint(share[:half]), share[half:])
    low, high = np.array([[float(a), float(b)] for a, b in limits]).T
    return np.asarray(low + share * (high - low))


@lru_cache(maxsize=32)
def _second_derivatives(arm: SerialArm, function: str) -> ca.Function:
    """Norms |d2f / dq_j dq_l| as an n x n matrix, by CasADi's own differentiation."""
    q = ca.SX.sym("q", arm.n)
    f = arm.rcm_offset_sx(q) if function == "rcm_offset" else arm.points_sx(q)[:, arm.point_names.index(function.removeprefix("point:"))]
    squares = sum(ca.densify(ca.hessian(f[i], q)[0]) ** 2 for i in range(3))
    return ca.Function("norms", [q], [ca.vec(ca.sqrt(squares))])


def _bounds_hold(arm: SerialArm, inputs: dict[str, bytes], certificate: Json) -> bool:
    limits, n = _limits(inputs), arm.n
    pairs = [(row["j"], row["l"]) for row in certificate["bounds"]]
    if pairs != [(j, k) for j in range(n) for k in range(j, n)] or not _covers(certificate, limits):
        return False
    found = np.array(_second_derivatives(arm, certificate["function"])(_configurations(limits).T)).max(axis=1).reshape(n, n)
    return all(float.fromhex(row["bound"]) >= found[row["j"], row["l"]] - _ROUNDING for row in certificate["bounds"])


def _inclusion_holds(arm: SerialArm, inputs: dict[str, bytes], certificate: Json) -> bool:
    limits = _limits(inputs)
    region = next(c for c in json.loads(inputs["problem"])["constraints"] if c["name"] == certificate["constraint"])
    body = next(b for b in arm.bodies if b.name == certificate["body"])
    grown = body.radius_m + float(Fraction(certificate["margin"]))
    index = [arm.point_names.index(point) for point in body.points]
    if certificate["body"] not in region["bodies"] or Fraction(certificate["margin"]) < 0:
        return False
    if certificate["verdict"] == "PROVED":
        if not _covers(certificate, limits):
            return False
        points = body_points(arm, _configurations(limits))[:, index]
        along = np.linspace(0.0, 1.0, 21)[:, None, None]
        hull = (1.0 - along) * points[:, 0] + along * points[:, -1]
        return bool((_clearance(region, hull.reshape(-1, 3)) >= grown - _ROUNDING).all())
    witness = certificate["witness"]
    q = np.array([float.fromhex(x) for x in witness["q"]])
    weights = [Fraction(w) for w in witness["body_weights"]]
    inside = all(low <= Fraction(x) <= high for x, (low, high) in zip(q.tolist(), limits, strict=True))
    P = np.array([float(w) for w in weights]) @ body_points(arm, q[None])[0, index]
    if not inside or sum(weights) != 1 or min(weights) < 0:
        return False
    if region["type"].startswith("keep_in"):
        return bool(_clearance(region, P[None])[0] <= grown + _ROUNDING)
    x = np.array([float.fromhex(v) for v in witness["region_point"]])
    return bool(_clearance(region, x[None])[0] <= _ROUNDING and np.linalg.norm(P - x) <= grown + _ROUNDING)


def _clearance(region: Json, p: FloatArray) -> FloatArray:
    """How far points (k, 3) are on the allowed side of a region's surface, (k,), [m]; negative beyond it."""
    kind = region["type"]
    if kind in ("keep_in_polytope", "keep_in_box"):
        if kind == "keep_in_box":
            gaps = np.concatenate([np.array(region["upper_B_m"]) - p, p - np.array(region["lower_B_m"])], axis=1)
            return np.asarray(gaps.min(axis=1))
        normals = np.array([face["normal_B"] for face in region["half_spaces"]])
        gaps = (np.array([face["offset_m"] for face in region["half_spaces"]]) - p @ normals.T) / np.linalg.norm(normals, axis=1)
        return np.asarray(gaps.min(axis=1))
    if kind == "keep_out_box":
        outside = np.maximum(np.maximum(np.array(region["lower_B_m"]) - p, p - np.array(region["upper_B_m"])), 0.0)
        return np.asarray(np.linalg.norm(outside, axis=1))
    a, b = (np.array(region[key]) for key in (("center_B_m",) * 2 if "center_B_m" in region else ("start_B_m", "end_B_m")))
    d = b - a
    t = np.clip((p - a) @ d / max(float(d @ d), 1e-300), 0.0, 1.0)
    gap = np.linalg.norm(p - a - t[:, None] * d, axis=1) - region["radius_m"]
    return np.asarray(-gap if kind.startswith("keep_in") else gap)


def _value(e: Any, values: dict[str, float]) -> float:
    if isinstance(e, str):
        return values[e] if e in values else float(Fraction(e))
    word, *args = e
    a = [_value(x, values) for x in args if not isinstance(x, int)]
    if word == "^":
        return float(a[0] ** args[1])
    both: dict[str, Callable[[], float]] = {
        "+": lambda: math.fsum(a), "*": lambda: math.prod(a), "-": lambda: a[0] - a[1], "/": lambda: a[0] / a[1],
        "sqrt": lambda: math.sqrt(a[0]), "sin": lambda: math.sin(a[0]), "cos": lambda: math.cos(a[0]),
    }
    return both[word]()


def _identity_holds(arm: SerialArm, inputs: dict[str, bytes], certificate: Json) -> bool:
    rng = np.random.default_rng(0)
    for _ in range(50):
        values = {name: float(rng.uniform(-2, 2)) for name in certificate["variables"]}
        for c, s in certificate["relations"]:
            angle = rng.uniform(-4, 4)
            values[c], values[s] = math.cos(angle), math.sin(angle)
        if not abs(_value(certificate["left"], values) - _value(certificate["right"], values)) <= _ROUNDING:
            return False
    return True


def _target_is_positive(arm: SerialArm, inputs: dict[str, bytes], certificate: Json) -> bool:
    rng = np.random.default_rng(0)
    for _ in range(2000):
        values = {name: float(rng.uniform(-3, 3)) for name in certificate["variables"]}
        admitted = all(_value(term["multiplier"], values) >= 0 for term in certificate["terms"])
        if admitted and not _value(certificate["target"], values) >= -_ROUNDING:
            return False
    return True


def _witnesses_work(arm: SerialArm, inputs: dict[str, bytes], certificate: Json) -> bool:
    problem = json.loads(inputs[f"authority_{certificate['problem']}"])
    box, bounds = ([[float.fromhex(x) for x in side] for side in problem[key]] for key in ("box", "bounds"))
    leaves: list[list[list[float]]] = []
    waiting = [box]
    for axis in base64.b64decode(certificate["tree"]):
        if not waiting:
            return False
        part = waiting.pop()
        if axis == 255:
            leaves.append(part)
            continue
        middle = 0.5 * (part[axis][0] + part[axis][1])
        waiting += [[*part[:axis], [middle, part[axis][1]], *part[axis + 1 :]], [*part[:axis], [part[axis][0], middle], *part[axis + 1 :]]]
    if waiting or len(leaves) != len(certificate["witnesses"]):
        return False
    for part, witness in zip(leaves, certificate["witnesses"], strict=True):
        controls = [float.fromhex(u) for u in witness]
        if not all(low <= u <= high for u, (low, high) in zip(controls, bounds, strict=True)):
            return False
        for share in np.linspace(0.0, 1.0, 9):
            values = dict(zip(problem["variables"], [low + share * (high - low) for low, high in part], strict=True))
            values |= dict(zip(problem["controls"], controls, strict=True))
            if not all(_value(c, values) >= -_ROUNDING for c in problem["constraints"]):
                return False
    return True


def _is_closed(arm: SerialArm, inputs: dict[str, bytes], certificate: Json) -> bool:
    model = json.loads(inputs[f"transitions_{certificate['system']}"])
    states, reached = set(certificate["states"]), list(model["initial"])
    for state in reached:
        reached += [after for before, _, after in model["transitions"] if before == state and after not in reached]
    edges = [(a, event, b) for a, event, b in model["transitions"] if a in states]
    latch = all(b in model["latched"] or event in model["exits"] for a, event, b in edges if a in model["latched"])
    alive = states <= {a for a, _, _ in edges}
    closed = set(reached) <= states and {b for _, _, b in edges} <= states and not states & set(model["bad"])
    return bool(reached) and closed and latch and alive
