"""The kinematics, rebuilt from the files a certificate names: dVRK's arm and tool files, or the canonical text of a chain.

Raises RejectedError for anything it does not fully understand: a half-read model would be another robot.
"""

import re
from dataclasses import dataclass
from typing import Any

from flint import arb, arb_mat

from .chain import Joint, Path, check_rigid, column, near, rotation
from .exact import exact_float
from .strict_json import integer, listed, name, need, number, parse

_Z, _ZERO = column([0, 0, 1]), column([0, 0, 0])
_UNIT = [[float(i == k) for k in range(4)] for i in range(4)]
_SIZES = ("shaft_radius_m", "wrist_radius_m", "jaw_radius_m", "jaw_length_m")


@dataclass(frozen=True)
class Model:
    """points: by name. bodies: name -> (points, radius). centre: path to the shaft's frame and the remote centre in B, if there is one.

    limits: of the files, in the order of names; empty for a chain, whose problem states them. coupling: tool joints from disk angles.
    """

    names: tuple[str, ...]
    points: dict[str, Path]
    bodies: dict[str, tuple[tuple[str, ...], float]]
    centre: tuple[Path, arb_mat] | None
    limits: tuple[tuple[float, float], ...] = ()
    coupling: tuple[tuple[float, ...], ...] = ()


def model_of(files: dict[str, bytes], arm: str, instrument: str) -> Model:
    """The model of the inputs; `arm` and `instrument` are named by the procedure."""
    model = _chain(files["chain"]) if "chain" in files else _psm(files, arm, instrument)
    for path in [*model.points.values(), *([model.centre[0]] if model.centre is not None else [])]:
        check_rigid(path.joints)
    need(all(radius > 0 for _, radius in model.bodies.values()), "a body without thickness")
    return model


def _rows(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The three rows of a modified table, as dVRK writes it."""
    table = data["DH"]
    need(table["convention"] == "modified" and ("joints" in table) != ("links" in table), "DH: expected one modified table")
    rows = listed(table.get("joints", table.get("links")), 3, 3, "DH")
    need(all(row["mode"] == "active" for row in rows), "DH: a joint that is not active")
    return rows


def _joint(row: dict[str, Any], coordinate: int) -> Joint:
    """Rx(alpha) Tx(A) Rz(theta) Tz(D), theta or D holding q + offset (Craig's convention)."""
    alpha, theta, offset = (number(row, key, -7, 7) for key in ("alpha", "theta", "offset"))
    a, d = column([near(number(row, "A", -2, 2)), 0, 0]), near(number(row, "D", -2, 2))
    R, turn = rotation(alpha, about_x=True), "x" if alpha != 0.0 else "none"
    if row["type"] == "prismatic":
        turn = turn if theta == 0.0 else "other"
        return Joint(True, R * rotation(theta, about_x=False), a, coordinate, d + near(offset), arb(1), _Z, turn)
    return Joint(False, R, a + R * column([0, 0, d]), coordinate, near(theta) + near(offset), arb(1), _Z, turn)


def _psm(files: dict[str, bytes], arm: str, instrument: str) -> Model:
    """Points and bodies as docs/models.md says: trocar, wrist and yaw axis, and the ends of both jaws (or of a blade)."""
    need(arm in ("psm_classic", "psm_si"), f"arm {arm!r}: only psm_classic and psm_si are read from dVRK's files")
    tool = parse(files["tool"], reals=True, comments=True)
    rows = _rows(parse(files["arm"], reals=True, comments=True)) + _rows(tool)
    kinds = ["revolute", "revolute", "prismatic", "revolute", "revolute", "revolute"]
    need([row["type"] for row in rows] == kinds and tool.get("snake-like", False) is False, "DH: not a PSM and its instrument")
    centred = all(row["A"] == 0 and (row["D"] == 0 or row is rows[2]) for row in rows[:3])
    need(centred and rows[3]["A"] == 0 and rows[3]["alpha"] == 0, "DH: no remote centre, or a roll not about the shaft")
    joints = tuple(_joint(row, i) for i, row in enumerate(rows))
    has_jaw = "jaw" in tool and number(tool["jaw"], "ftmax", 0, 100) > 0
    limited = [*rows, {**tool["jaw"], "name": "jaw"}] if has_jaw else rows
    size, code = _sizes(files, instrument)
    limits = _limits(files, arm, code, {name(r["name"], "joint"): (number(r, "qmin", -7, 7), number(r, "qmax", -7, 7)) for r in limited})
    need(len(limits) == len(limited), "DH: two joints share a name")
    frame = [listed(row, 4, 4, "tooltip_offset") for row in listed(tool.get("tooltip_offset", _UNIT), 4, 4, "tooltip_offset")]
    need(frame[3] == _UNIT[3] and all(row[3] == 0 for row in frame[:3]), "tooltip_offset: its origin must be on the yaw axis")
    end = column(near(number({"z": row[2]}, "z", -1, 1)) * near(size["jaw_length_m"]) for row in frame[:3])
    points = {"trocar": Path(joints[:2], _ZERO), "wrist": Path(joints[:4], joints[4].p), "tip": Path(joints, _ZERO)}
    ends: dict[str, tuple[Joint, ...]] = {"blade": ()}
    if has_jaw:
        hinges = {"jaw_1": size["jaw_gain"], "jaw_2": -size["jaw_gain"]}
        ends = {jaw: (Joint(False, rotation(0.0, about_x=True), _ZERO, 6, arb(0), arb(gain), _Z, "none"),) for jaw, gain in hinges.items()}
    points |= {end_name: Path((*joints, *hinge), end) for end_name, hinge in ends.items()}
    spans = {"shaft": (("trocar", "wrist"), "shaft_radius_m"), "wrist": (("wrist", "tip"), "wrist_radius_m")}
    spans |= {end_name: (("tip", end_name), "jaw_radius_m") for end_name in ends}
    bodies: dict[str, tuple[tuple[str, ...], float]] = {body: (span, size[key]) for body, (span, key) in spans.items()}
    matrix = tool["coupling"]["ActuatorToJointPosition"] if "coupling" in tool else _UNIT
    C = tuple(tuple(number({"C": x}, "C", -100, 100) for x in listed(row, 4, 4, "coupling")) for row in listed(matrix, 4, 4, "coupling"))
    return Model(tuple(limits), points, bodies, (Path(joints[:3], _ZERO), _ZERO), tuple(limits.values()), C)


def _sizes(files: dict[str, bytes], instrument: str) -> tuple[dict[str, float], str]:
    """Sizes of the instrument's end, by the last three digits of its model number, and those digits."""
    match = re.fullmatch(r"(?:[A-Z0-9_-]+:)?[0-9]{3}([0-9]{3})(?:\[[0-9]+\])?", instrument)
    code = match[1] if match else ""
    table = parse(files["sizes"], reals=True)
    need(table["version"] == 1, "sizes: unknown version")
    chosen = {"jaw_gain": {"value": 0.5}, **table["common"], **table["tips"].get(code, {})}
    return {key: number(chosen[key], "value", 1e-6, 1) for key in (*_SIZES, "jaw_gain")}, code


def _limits(files: dict[str, bytes], arm: str, code: str, limits: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """The stricter of these and the published ones."""
    table = parse(files["published_limits"], reals=True)
    need(table["version"] == 1, "published_limits: unknown version")
    for stated in (table["arms"].get(arm, {"joints": {}}), table["tips"].get(code, {"joints": {}})):
        for joint, pair in stated["joints"].items():
            low, high = (number({joint: x}, joint, -7, 7) for x in listed(pair, 2, 2, joint))
            if joint in limits:
                limits[joint] = (max(limits[joint][0], low), min(limits[joint][1], high))
    return limits


def _chain(data: bytes) -> Model:
    """The text whose SHA-256 is the digest of a SerialArm: joint names, joints, tip, points, bodies, shaft, coupling; one a line."""
    lines = [line.split(" ") for line in data.decode("ascii").split("\n")]
    count = next(i for i, line in enumerate(lines[1:]) if len(line) != 1)
    names = tuple(name(line[0], "chain") for line in lines[1 : 1 + count])
    rest = lines[1 + count : -16]  # 16 numbers of the coupling end it: a chain has no tick map
    k = next(i for i, line in enumerate(rest) if len(line) != 20) - 1  # the last line of 20 words is the tip, which is no joint
    need(lines[0] == ["serial-arm/1"] and 1 <= len(set(names)) == count <= 16 and 1 <= k <= 32, "chain: expected serial-arm/1")
    joints = tuple(_chain_joint(line, count) for line in rest[:k])
    points: dict[str, Path] = {}
    bodies: dict[str, tuple[tuple[str, ...], float]] = {}
    centre = None
    for word, *line in rest[k + 1 :]:
        if word == "shaft" and len(line) == 10 and line[0].isdigit():
            centre = (Path(joints[: _index(line[0], k)], _ZERO), _vector(line[1:4]))
        elif line[0].isdigit():
            need(len(line) % 20 == 4 and word not in points, "chain: a point")
            hinges = tuple(_chain_joint(line[i : i + 20], count) for i in range(4, len(line), 20))
            points[name(word, "point")] = Path((*joints[: _index(line[0], k)], *hinges), _vector(line[1:4]))
        elif [word, *line] != ["no", "shaft"]:
            need(word not in bodies and len(line) >= 2 and all(p in points for p in line[:-1]), "chain: a body")
            bodies[name(word, "body")] = (tuple(line[:-1]), _exact(line[-1]))
    return Model(names, points, bodies, centre)


def _chain_joint(words: list[str], count: int) -> Joint:
    need(len(words) == 20 and words[1] in ("revolute", "prismatic"), "chain: a joint")
    x = [_exact(word) for word in words[3:]]
    R, axis = x[:9], x[12:15]
    about_x = R[:4] == [1.0, 0.0, 0.0, 0.0] and R[6] == 0.0 and R[4] == R[8] and R[5] == -R[7] and axis == [0.0, 0.0, 1.0]
    matrix = arb_mat(3, 3, [near(entry) if entry not in (0.0, 1.0) else arb(entry) for entry in R])
    turn = "other" if not about_x else "none" if R == [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0] else "x"
    coordinate = _index(words[2], count - 1)
    return Joint(words[1] == "prismatic", matrix, _vector(words[12:15]), coordinate, near(x[15]), arb(x[16]), column(axis), turn)


def _exact(word: str) -> float:
    value = 0.0 if word == "-0x0.0p+0" else exact_float(word, "chain")
    need(abs(value) <= 10.0, "chain: a number above 10 m or rad")
    return value


def _vector(words: list[str]) -> arb_mat:
    return column(near(_exact(word)) for word in words)


def _index(word: str, high: int) -> int:
    return integer(int(word) if word.isdigit() and len(word) <= 2 else None, 0, high, "chain: an index")
