"""What the certificates are about: model, inflated joint limits and constraints, derived from the inputs and from nothing else."""

import re
from dataclasses import dataclass, field
from typing import Any

from flint import arb, fmpq, fmpq_mat

from .exact import Box, exact_float, exact_floats, exactly
from .model import Model, model_of
from .strict_json import RejectedError, fields, integer, listed, name, need, number, parse

_DVRK, _PROCEDURE = {"arm", "tool", "sizes", "published_limits"}, {"procedure", "profile", "tube", "shield"}
_EXTRA = re.compile(r"(transitions|authority|tape)_[a-z][a-z0-9_]{0,59}")


@dataclass(frozen=True)
class Problem:
    """limits: exact ends of the joint limits grown by e. data: the parsed inputs by role."""

    model: Model
    limits: list[tuple[fmpq, fmpq]]
    constraints: dict[str, dict[str, Any]]
    data: dict[str, dict[str, Any]] = field(repr=False)

    @property
    def n(self) -> int:
        return len(self.model.names)

    def covered_by(self, box: Box) -> Box:
        """The box; rejects one that leaves out a configuration the limits and the tube allow."""
        for joint, (low, high), (lower, upper) in zip(self.model.names, box, self.limits, strict=True):
            need(exactly(low) <= lower and exactly(high) >= upper, f"box: joint {joint} leaves out part of the joint limits grown by e")
        return box

    def derived(self) -> set[str]:
        """Ids of the obligations that a proof of a procedure lists, these and no others; empty where there is no procedure."""
        if "problem" in self.data:
            return set()
        bodies = {body for c in self.constraints.values() for body in c.get("bodies", ())}
        need(bodies <= set(self.model.bodies), "procedure: a constraint names an unknown body")
        ids = {f"K.{point}" for body in bodies for point in self.model.bodies[body][0]}
        ids |= {"K.rcm_offset" for c in self.constraints.values() if c["type"] == "rcm"}
        ids |= {f"{key}.{body}" for key, c in self.constraints.items() if c.get("prove") is not None for body in c["bodies"]}
        ids |= {re.sub("^transitions", "closure", role).replace("_", ".", 1) for role in self.data if _EXTRA.fullmatch(role)}
        return ids | {"stop_length", "tube_threshold"}


def problem_of(text: dict[str, bytes]) -> Problem:
    """Derive everything from the input files, by role."""
    roles = {role for role in text if not _EXTRA.fullmatch(role)}
    need(roles in ({"chain", "problem"}, _DVRK | {"problem"}, _DVRK | _PROCEDURE), f"inputs: not a complete set: {sorted(roles)}")
    try:
        plain = {role for role in set(text) - {"arm", "tool", "chain"} if not role.startswith("tape_")}
        data = {role: parse(text[role], reals=True) for role in sorted(plain)}
        return _stated(text, data) if "problem" in data else _from_procedure(text, data)
    except (KeyError, AttributeError, TypeError, IndexError, ValueError, StopIteration) as error:
        # A field of an input that is missing or of another type: what cannot be understood is not accepted.
        raise RejectedError(f"inputs: not understood: {type(error).__name__}: {str(error)[:200]}") from error


def _stated(text: dict[str, bytes], data: dict[str, Any]) -> Problem:
    arm, instrument, names, lower, upper, e, constraints = fields(data["problem"], "arm instrument names lower upper e constraints")
    model, n = model_of(text, arm, instrument), len(names)
    need(list(model.names) == names, f"problem: joints {names} are not those of the model")
    limits = list(zip(exact_floats(lower, n, "lower"), exact_floats(upper, n, "upper"), strict=True))
    return Problem(model, _inflated(model, limits, exact_floats(e, n, "e")), _by_name(constraints), data)


def _from_procedure(text: dict[str, bytes], data: dict[str, Any]) -> Problem:
    procedure, profile, tube = data["procedure"], data["profile"], data["tube"]
    need(procedure["arm"] == profile["arm"] and tube["device"] == profile["name"], "procedure, profile and tube disagree about the device")
    model, joints = model_of(text, procedure["arm"]["model"], procedure["arm"]["instrument"]), profile["joints"]
    need([joint["name"] for joint in joints] == list(model.names) == tube["joints"], "profile or tube: other joints than the model")
    need([unit_of(joint) for joint in joints] == tube["units"], "tube: other units than the profile")
    ends = [[number(joint, f"{end}_{unit_of(joint)}", -20, 20) for joint in joints] for end in ("lower", "upper")]
    e = [number({"e": x}, "e", 0, 1) for x in listed(tube["e"], len(joints), len(joints), "e")]
    return Problem(model, _inflated(model, list(zip(*ends, strict=True)), e), _by_name(procedure["constraints"]), data)


def unit_of(joint: dict[str, Any]) -> str:
    """The unit a profile states a joint's numbers in."""
    return {"prismatic": "m", "revolute": "rad"}[joint["type"]]


def _inflated(model: Model, limits: list[tuple[float, float]], e: list[float]) -> list[tuple[fmpq, fmpq]]:
    """The stricter of these limits and the files', grown by e, in exact rationals."""
    if model.limits:
        limits = [(max(a, c), min(b, d)) for (a, b), (c, d) in zip(limits, model.limits, strict=True)]
    need(all(low < high for low, high in limits) and min(e) >= 0, "limits: empty, or e below zero")
    return [(exactly(low) - exactly(d), exactly(high) + exactly(d)) for (low, high), d in zip(limits, e, strict=True)]


def _by_name(constraints: Any) -> dict[str, dict[str, Any]]:
    found = {name(c["name"], "constraint"): c for c in listed(constraints, 0, 200, "constraints")}
    need(len(found) == len(constraints), "constraints: two share a name")
    return found


@dataclass(frozen=True)
class Commands:
    """The tick map and the command class as the running shield holds them, checked against profile and tool file.

    tick: how far a joint moves when every servo moves by one tick; fast: when every servo moves by v_ticks.
    gap_s: the time between two samples that the monitors use is below it, as long as fewer than misses_max setpoints in a row are missed.
    """

    tick: list[fmpq]
    fast: list[fmpq]
    v_ticks: list[int]
    a_ticks: list[int]
    n_max: int
    period_s: fmpq
    brake_m_s2: fmpq
    misses_max: int
    gap_s: fmpq


def commands_of(problem: Problem) -> Commands:
    """Rejects what profile and tool file do not lead to."""
    need("shield" in problem.data, "needs the inputs of a procedure")
    shield, profile, n = problem.data["shield"], problem.data["profile"], problem.n
    _, n_max, v, a, zero, rows, brake, misses = fields(shield, "shield_version n_max v_ticks a_ticks ticks_zero M brake_m_s2 misses_max")
    servos, joints = listed(profile["servos"], n, n, "servos"), profile["joints"]
    need(zero == [servo["zero_ticks"] for servo in servos], "ticks_zero: not the profile's")
    M = [exact_floats(row, n, "M") for row in listed(rows, n, n, "M")]
    for j in range(n):
        for i in range(n):
            exact = _per_tick(problem, servos[i], j, i)
            need(bool(abs(arb(M[j][i]) - exact) <= abs(exact) * arb(2) ** -45), f"M[{j}][{i}]: not what gear, direction and coupling give")
    T = exactly(number(profile["timing"], "period_ms", 1, 1000)) / 1000
    inverse = fmpq_mat(n, n, [exactly(x) for row in M for x in row]).inv()
    for counts, word, power in ((v, "rate_{}_per_s", 1), (a, "acceleration_{}_per_s2", 2)):
        rates = [exactly(number(joint, word.format(unit_of(joint)), 0, 1e6)) for joint in joints]
        for i, count in enumerate(listed(counts, n, n, word)):
            x = sum((abs(inverse[i, j]) * rates[j] for j in range(n)), fmpq(0)) * T**power
            low, high = (max(int((x + sign * fmpq(1, 10**9)).floor()), 1) for sign in (-1, 1))
            integer(count, low, high, f"{word} in ticks")
    b = exactly(exact_float(brake, "brake_m_s2"))
    need(b > 0, "brake_m_s2 must be above zero")
    tick, fast = ([sum((abs(exactly(x)) * k for x, k in zip(row, ticks, strict=True)), fmpq(0)) for row in M] for ticks in ([1] * n, v))
    integer(misses, 1, 100, "misses_max")
    return Commands(tick, fast, v, a, integer(n_max, 2, 80, "n_max"), T, b, misses, 2 * misses * T)


def _per_tick(problem: Problem, servo: dict[str, Any], j: int, i: int) -> arb:
    """C_ji direction_i 2 pi / (4096 gear_i), C the identity with the tool's coupling on the last four joints."""
    gears = [number(servo, key, 1e-6, 1e6) for key in ("gear_rad_per_rad", "gear_rad_per_m") if key in servo]
    need(len(gears) == 1 and servo["direction"] in (-1, 1), "servo: one gear and a direction of 1 or -1")
    first = problem.n - 4
    coupled = problem.model.coupling[j - first][i - first] if min(i, j) >= first else float(i == j)
    return arb(coupled * servo["direction"]) * arb.pi() / (2048 * arb(gears[0]))
