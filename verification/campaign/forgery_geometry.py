"""Forgeries that are wrong in one place of the geometry, to the last bit. Each is alone in its directory: nothing else is the reason."""

import base64
import hashlib
import json
import math
from random import Random

from toolkit.models import SerialArm

from ..checker.chain import frozen
from ..checker.problem import problem_of
from .forgery_stock import Forgery, Json, Stock, resealed
from .small_proofs import encoded

LEAF_ONLY = base64.b64encode(b"\xff").decode()


def touching(stock: Stock, random: Random) -> Forgery:
    """A keep-out region with a corner, end or centre exactly where a body point is at the middle of the box: its plane has no normal."""
    file = next(row["file"] for row in stock.summary["obligations"] if row["id"] == "vessel.jaw_1")
    data = json.loads(stock.certificates[file])
    model, box = problem_of(stock.inputs).model, [(float.fromhex(low), float.fromhex(high)) for low, high in data["box"]]
    at = model.points[random.choice(["tip", "jaw_1"])].at(frozen(box, range(len(box))))
    place = [float(x.mid()) for x in at.entries()]
    far = [x + random.uniform(0.02, 0.2) for x in place]
    low, ends = [min(x) for x in zip(place, far, strict=True)], {"start_B_m": place, "end_B_m": far, "radius_m": 0.002}
    region: Json = random.choice([
        {"type": "keep_out_sphere", "center_B_m": place, "radius_m": 0.005}, {"type": "keep_out_capsule", **ends},
        {"type": "keep_out_box", "lower_B_m": low, "upper_B_m": far},
    ])  # fmt: skip
    problem = {**json.loads(stock.inputs["problem"]), "constraints": [{"name": "vessel", "bodies": ["jaw_1"], **region}]}
    inputs = {**stock.inputs, "problem": encoded(problem)}
    return _alone(stock, inputs, file, {**data, "margin": "0", "tree": LEAF_ONLY}, f"touching: {region['type']}", stock.arm)


def crooked(stock: Stock, random: Random) -> Forgery:
    """A chain whose constant is nearly no rotation, in a ball of the size that freezing the turn before it would allow."""
    tilt, reach = random.uniform(2.9e-6, 3.1e-6), random.uniform(5.0, 7.0)
    turned = [1.0, 0.0, 0.0, 0.0, 1.0, -tilt, 0.0, tilt, 1.0]
    rows = [("j1", turned, 1.0), ("tip", [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], 0.0)]
    joints = [" ".join([name, "revolute", "0", *map(_hex, [*R, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, gain])]) for name, R, gain in rows]
    point = " ".join(["end", "1", *map(_hex, (reach, 0.0, 0.0))])
    chain = "\n".join(["serial-arm/1", "j1", *joints, point, f"arm end {_hex(0.001)}", "no shaft", *[_hex(0.0)] * 16])
    ball = {"name": "ball", "type": "keep_in_sphere", "bodies": ["arm"], "center_B_m": [0.0, 0.0, reach],
            "radius_m": math.sqrt(2.0) * reach + 0.001 + 2e-6}
    problem: Json = {"arm": "x", "instrument": "y", "names": ["j1"], "lower": [_hex(-3.0)], "upper": [_hex(3.0)], "e": [_hex(0.0)],
                     "constraints": [ball]}
    claim = {"format": "primum-certificate/1", "kind": "inclusion", "verdict": "PROVED", "constraint": "ball", "body": "arm", "margin": "0",
             "box": [[_hex(-3.0), _hex(3.0)]], "frozen": [0], "tree": LEAF_ONLY}
    return _alone(stock, {"chain": chain.encode(), "problem": encoded(problem)}, "001_ball.json", claim, "crooked", stock.arm)


def _alone(stock: Stock, inputs: dict[str, bytes], file: str, claim: Json, what: str, arm: SerialArm) -> Forgery:
    """A directory with this one false certificate in it, and all hashes as they should be."""
    hashes = {role: hashlib.sha256(data).hexdigest() for role, data in inputs.items()}
    certificates = {file: encoded({**claim, "inputs": hashes})}
    row = {**stock.summary["obligations"][0], "id": f"{claim['constraint']}.{claim['body']}", "file": file}
    summary = {**resealed({**stock.summary, "obligations": [row]}, certificates), "inputs": hashes}
    return Forgery(what, certificates, inputs, summary, file, True, arm)


def _hex(x: float) -> str:
    return (x + 0.0).hex()
