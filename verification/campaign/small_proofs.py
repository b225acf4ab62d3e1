"""A small proofs directory that holds, with a certificate of every kind: what forgeries are made from.

Its trees are grown with the checker's own enclosures, so it is no evidence for a prover; a forgery of it must be rejected all the same.
"""

import base64
import hashlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flint import arb

from toolkit import InvalidInput
from toolkit.models import SerialArm

from ..checker import chain, cover, exact, inclusion, regions, second_derivatives
from ..checker.problem import Problem, problem_of

Json = dict[str, Any]
_SEGMENT = {"start_B_m": [0.048, 0.0, -0.10], "end_B_m": [0.053, 0.02, -0.12]}
CONSTRAINTS: list[Json] = [
    {"name": "ball", "type": "keep_in_sphere", "bodies": ["wrist"], "center_B_m": [0.0, 0.0, 0.0], "radius_m": 0.120},
    {"name": "vessel", "type": "keep_out_capsule", "bodies": ["shaft", "jaw_1"], **_SEGMENT, "radius_m": 0.004},
    {"name": "tumour", "type": "keep_out_sphere", "bodies": ["shaft"], "center_B_m": [0.004, -0.002, -0.042], "radius_m": 0.01},
    {"name": "cavity", "type": "keep_in_polytope", "bodies": ["wrist"], "half_spaces": [
        {"normal_B": [1.0, 0.0, 0.0], "offset_m": 0.041}, {"normal_B": [0.6, 0.0, -0.8], "offset_m": 0.116}]},
    {"name": "plate", "type": "keep_out_box", "bodies": ["jaw_2"], "lower_B_m": [-0.08, 0.036, -0.2], "upper_B_m": [0.08, 0.05, -0.06]},
    {"name": "hood", "type": "keep_in_box", "bodies": ["jaw_1"], "lower_B_m": [-0.05, -0.05, -0.09], "upper_B_m": [0.05, 0.05, 0.0]},
]
_TRANSITIONS: Json = {
    "initial": ["off"], "bad": ["moving_unpowered"], "latched": ["fault"], "exits": ["disable"],
    "transitions": [["off", "enable", "on"], ["on", "fault", "fault"], ["on", "disable", "off"], ["fault", "fault", "fault"],
                    ["fault", "disable", "off"], ["moving_unpowered", "disable", "off"]],
}
_AUTHORITY: Json = {
    "variables": ["x"], "controls": ["i"], "box": [[(-0.5).hex(), (0.75).hex()]], "bounds": [[(-2.0).hex(), (2.0).hex()]],
    "constraints": [["-", ["*", "i", ["+", "1", ["sin", "x"]]], "1/10"], ["-", "1", ["sqrt", ["+", "1/4", ["*", "x", "x"]]]]],
}


def problem_inputs(arm: SerialArm, half_width: Sequence[float], middle: Sequence[float]) -> dict[str, bytes]:
    """Inputs of claims about a chain within half_width of a configuration, e = 0.001 of it, shape (n,) each."""
    problem = {
        "arm": arm.name, "instrument": arm.instrument, "names": list(arm.joint_names), "constraints": CONSTRAINTS,
        "lower": [(m - h).hex() for m, h in zip(middle, half_width, strict=True)],
        "upper": [(m + h).hex() for m, h in zip(middle, half_width, strict=True)],
        "e": [(1e-3 * h).hex() for h in half_width],
    }
    extra = {"transitions_states": _TRANSITIONS, "authority_coil": _AUTHORITY}
    return {"chain": arm.canonical.encode("ascii"), "problem": encoded(problem), **{role: encoded(data) for role, data in extra.items()}}


def encoded(data: Any) -> bytes:
    """JSON as all these files are written."""
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode("ascii")


def write_directory(path: Path, inputs: dict[str, bytes], bodies: dict[str, tuple[str, Json]], unknown: Sequence[str] = ()) -> None:
    """Write certificates (obligation id -> verdict, body) with inputs and summary; ids of `unknown` are listed without one."""
    (path / "inputs").mkdir(parents=True)
    for role, data in inputs.items():
        (path / "inputs" / f"{role}.{'txt' if role == 'chain' or role.startswith('tape_') else 'json'}").write_bytes(data)
    hashes = {role: hashlib.sha256(data).hexdigest() for role, data in inputs.items()}
    entries: list[Json] = []
    prose: Json = {"sentence": "", "seconds": "0", "assumptions": []}
    for index, (id_, (verdict, body)) in enumerate(bodies.items(), 1):
        file = f"{index:03d}_{id_.lower().replace('.', '_')}.json"
        data = encoded({"format": "primum-certificate/1", "verdict": verdict, "inputs": hashes, **body})
        (path / file).write_bytes(data)
        entries.append({"id": id_, "file": file, "verdict": verdict, "sha256": hashlib.sha256(data).hexdigest(), **prose})
    entries += [{"id": id_, "file": None, "verdict": "UNKNOWN", "sha256": None, **prose} for id_ in unknown]
    summary = {"format": "primum-proofs/1", "name": path.name, "inputs": hashes, "obligations": entries, "assumed": []}
    (path / "summary.json").write_bytes(encoded(summary))


def small_proofs(inputs: dict[str, bytes]) -> dict[str, tuple[str, Json]]:
    """A certificate of every kind that a `problem` can have, for `problem_inputs` of a PSM: obligation id -> (verdict, body)."""
    problem = problem_of(inputs)
    ends = [(float(low.p) / float(low.q), float(high.p) / float(high.q)) for low, high in problem.limits]
    box = [(math.nextafter(low, -9.0), math.nextafter(high, 9.0)) for low, high in ends]
    functions = {"K.tip": "point:tip", "K.jaw_2": "point:jaw_2", "K.rcm_offset": "rcm_offset"}
    proved: dict[str, Json] = {id_: _bounds(problem, function, box) for id_, function in functions.items()}
    margins: dict[str, tuple[str, list[int]]] = {
        "ball.wrist": ("3/2000", [0, 1, 3]), "vessel.shaft": ("3/500", []), "vessel.jaw_1": ("1/500", []), "cavity.wrist": ("1/1000", []),
        "plate.jaw_2": ("1/200", []),
    }
    proved |= {id_: _inclusion(problem, id_, margin, fixed, box) for id_, (margin, fixed) in margins.items()}
    q = [0.5 * low + 0.5 * high for low, high in box]
    at = [x.hex() for x in q]
    refuted = {
        "tumour.shaft": {"q": at, "body_weights": ["1/2", "1/2"], "region_point": [x.hex() for x in _between(problem, q)]},
        "hood.jaw_1": {"q": at, "body_weights": ["0", "1"], "region_point": None},
    }
    certificates = {id_: ("PROVED", body) for id_, body in (proved | _algebra()).items()}
    for id_, witness in refuted.items():
        constraint, body = id_.split(".")
        about: Json = {"kind": "inclusion", "constraint": constraint, "body": body, "margin": "1/1000"}
        certificates[id_] = ("REFUTED", {**about, "witness": witness})
    return certificates


def _bounds(problem: Problem, function: str, box: exact.Box) -> Json:
    """Bounds a little above what the second derivatives reach at the corners and in between, and their trees."""
    path = second_derivatives.path_of(problem, function)
    rows = []
    for pair in [(j, k) for j in range(problem.n) for k in range(j, problem.n)]:
        moved = [sum(joint.coordinate == c for joint in path.joints) for c in pair]
        rule = "outer" if pair[0] != pair[1] and moved == [1, 1] and pair != (0, 1) else "direct"
        f, part = second_derivatives.excess(path, pair, 0.0, rule, box)
        # |D| over the whole box is an upper bound; a little less than it must be looked for in halves of the box.
        bound = 0.97 * math.sqrt(float(f(part, False)[0].abs_upper())) + 1e-9
        tree, bound = _grown(lambda b, pair=pair, rule=rule: second_derivatives.excess(path, pair, b, rule, box), bound)  # type: ignore[misc]
        rows.append({"j": pair[0], "l": pair[1], "bound": bound.hex(), "rule": rule, "tree": tree})
    return {"kind": "second_derivative_bound", "function": function, "box": _text(box), "bounds": rows}


def _grown(claim: Callable[[float], tuple[cover.Function, exact.Box]], bound: float) -> tuple[str, float]:
    for _ in range(20):
        f, box = claim(bound)
        try:
            return grow(box, lambda part, leaf, f=f: [f], 60), bound  # type: ignore[misc]  # a default binds f now, not later
        except InvalidInput:
            bound *= 1.03
    raise InvalidInput(f"no bound near {bound} could be shown")


def _inclusion(problem: Problem, id_: str, margin: str, fixed: list[int], box: exact.Box) -> Json:
    constraint, body = id_.split(".")
    keeps_in, region = regions.region_of(problem.constraints[constraint])
    points, radius = problem.model.bodies[body]
    grown = arb(exact.exactly(radius) + exact.rational(margin, "margin"))
    choice = inclusion.choice([problem.model.points[point] for point in points], keeps_in, region, grown + 1e-6)
    tree = grow(chain.frozen(box, fixed), choice, 4000)
    return {"kind": "inclusion", "constraint": constraint, "body": body, "margin": margin, "box": _text(box), "frozen": fixed, "tree": tree}


def _algebra() -> dict[str, Json]:
    cosine = {"kind": "polynomial_identity", "name": "rotation", "variables": ["c", "s", "x", "y"], "relations": [["c", "s"]],
              "left": ["+", ["^", ["-", ["*", "c", "x"], ["*", "s", "y"]], 2], ["^", ["+", ["*", "s", "x"], ["*", "c", "y"]], 2]],
              "right": ["+", ["*", "x", "x"], ["*", "y", "y"]]}
    target = ["+", ["*", "2", "p", "p"], ["*", "-2", "p", "v"], ["*", "v", "v"], "-1/4", ["*", "p", "1/4"]]
    square = {"kind": "sum_of_squares", "name": "barrier", "variables": ["p", "v"], "target": target,
              "terms": [{"multiplier": "1", "basis": ["p", "v"], "gram": [["2", "-1"], ["-1", "1"]]},
                        {"multiplier": ["-", "p", "1"], "basis": ["1"], "gram": [["1/4"]]}]}
    halves = base64.b64encode(bytes([0, exact.LEAF, exact.LEAF])).decode("ascii")
    coil = {"kind": "authority", "problem": "coil", "tree": halves, "witnesses": [[(1.5).hex()], [(0.5).hex()]]}
    states = {"kind": "closure", "system": "states", "states": ["fault", "off", "on"]}
    return {"algebra.rotation": cosine, "algebra.barrier": square, "authority.coil": coil, "closure.states": states}


def _between(problem: Problem, q: Sequence[float]) -> list[float]:
    """The middle of the shaft at q, as floats."""
    ends = [problem.model.points[point].at([(x, x) for x in q]) for point in ("trocar", "wrist")]
    return [0.5 * float(u.mid()) + 0.5 * float(v.mid()) for u, v in zip(*(end.entries() for end in ends), strict=True)]


def _text(box: exact.Box) -> list[list[str]]:
    return [[low.hex(), high.hex()] for low, high in box]


def grow(box: exact.Box, functions: Callable[[exact.Box, int], Sequence[cover.Function]], nodes_max: int) -> str:
    """A bisection tree over whose leaves every function is at most zero, as base64.

    Raises:
        InvalidInput: more than nodes_max nodes would be needed.
    """
    nodes, waiting = bytearray(), [box]
    while waiting:
        part = waiting.pop()
        failed = next((f for f in functions(part, 0) if not cover.at_most_zero(f, part)), None)
        nodes.append(exact.LEAF if failed is None else cover.widest(failed, part))
        if failed is not None:
            if len(nodes) > nodes_max or not part[nodes[-1]][1] - part[nodes[-1]][0] > 1e-6:
                raise InvalidInput(f"the tree would have more than {nodes_max} nodes, or leaves of no width")
            waiting += reversed(exact.halves(part, nodes[-1]))
    return base64.b64encode(bytes(nodes)).decode("ascii")
