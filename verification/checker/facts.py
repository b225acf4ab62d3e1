"""Facts about finitely many cases: the longest stop, the thresholds of the tube, the closure of a transition system."""

from typing import Any

from flint import arb, fmpq

from .chain import squared
from .exact import exactly
from .problem import Commands, Problem, commands_of, unit_of
from .second_derivatives import RIGID
from .strict_json import fields, integer, listed, need, number


def check_stop(problem: Problem, certificate: dict[str, Any]) -> tuple[str, str]:
    """Every stop from the command class within the speed limits stays in the class and ends within n_max."""
    (periods,) = fields(certificate, "periods")
    c = commands_of(problem)
    stop = integer(periods, 2, c.n_max, "periods") - 1
    # |rint(x) - rint(y)| <= |x - y| + 1, and the ideal steps differ by at most a - 1: whole numbers, so by at most a. That needs a >= 2.
    need(min(c.a_ticks) >= 2, "a servo may change its step by one tick only: rounding the stop may break its class")
    enough = [v <= (a - 1) * stop for v, a in zip(c.v_ticks, c.a_ticks, strict=True)]
    enough.append(bool(_planned_step(problem, c) <= arb(stop * c.brake_m_s2 * c.period_s**2)))
    need(all(enough), f"a stop may take more than {stop} periods")
    what = "a setpoint and a stop from any step of the class within the speed limits"
    return "stop_length", f"{what} take at most {periods} <= n_max = {c.n_max} periods"


def _planned_step(problem: Problem, c: Commands) -> arb:
    """The most a rate-limited point can move per period as a stop is planned: J(q) x, x the unrounded ticks of a step of the class.

    The shield bounds a true step by limit T: |J x| <= limit T + 1/2 sum_jl |d2P / dq_j dq_l| fast_j fast_l + sum_j |dP / dq_j| tick_j / 2,
    and |d2P / dq_j dq_l| <= |dP / dq_l|, l the inner one: no joint of these arms moves by more than its coordinate.
    """
    rates = [x for x in problem.constraints.values() if x["type"] in ("speed", "acceleration")]
    speeds = [(point, exactly(number(x, "limit_m_s", 0, 10))) for x in rates if x["type"] == "speed" for point in x["points"]]
    limited = {point for x in rates for point in x["points"]}
    need(len(limited) > 0 and limited == {point for point, _ in speeds}, "a limited point has no speed limit: its stop may take any time")
    sides = [(float(low.p) / float(low.q) - 1e-9, float(high.p) / float(high.q) + 1e-9) for low, high in problem.limits]
    box = problem.covered_by(sides)
    longest = arb(0)
    for point, limit in speeds:
        path, step = problem.model.points[point], arb(limit * c.period_s)
        for i, j in enumerate(joint.coordinate for joint in path.joints):
            rest, part = path.from_first((j,), box)
            D = rest.derivatives(part, [(j,)])[(j,)]
            need(D is not None and abs(path.joints[i].gain) <= 1, "a joint that moves nothing, or by more than its coordinate")
            before = sum((c.fast[joint.coordinate] for joint in path.joints[:i]), fmpq(0))
            reach = (squared(D) * RIGID).abs_upper().sqrt()  # type: ignore[arg-type]  # need() has just established that D is there
            step += reach * (c.tick[j] / 2 + c.fast[j] * (before + c.fast[j] / 2))
        longest = longest.max(step)
    return longest


def check_threshold(problem: Problem, certificate: dict[str, Any]) -> tuple[str, str]:
    """A sample inside e_monitor leaves the joint inside e until the next one."""
    (reaction,) = fields(certificate, "reaction_periods")
    c, tube, profile, n = commands_of(problem), problem.data["tube"], problem.data["profile"], problem.n
    rounded = 1 + fmpq(1, 2**40)
    columns = ("encoder_excess", "encoder_error", "joint_error", "growth", "e_monitor", "e")
    rows = zip(*([exactly(number({key: x}, key, 0, 10)) for x in listed(tube[key], n, n, key)] for key in columns), strict=True)
    f = exactly(number(tube, "safety_factor", 1, 10))
    age = exactly(number(problem.data["procedure"]["assumptions"]["A4"], "age_s_max", 1e-6, 1))
    grown = exactly(number(tube, "growth_periods", 1, 1000))
    # The tube's growth was identified for so many periods; a sample may be as old as the procedure says, and then it grows for longer.
    needed = (c.gap_s + age) / c.period_s
    longer = max(fmpq(1), needed / grown)
    ticks = integer(profile["encoder_error_ticks"], 1, 100, "encoder_error_ticks")
    for joint, tick, (excess, error, play, growth, monitor, e) in zip(profile["joints"], c.tick, rows, strict=True):
        stated = exactly(number(joint, f"joint_error_{unit_of(joint)}", 0, 1))
        # At the sample the joint may be off what was read by play and by the encoder's error; then its excess grows.
        enough = monitor >= excess / f + error and e - monitor >= error + play + longer * growth / f and play >= stated
        need(0 < monitor < e and enough, f"joint {joint['name']}: e, e_monitor and what lies between them do not add up")
        need(growth / f * rounded >= grown * tick, f"joint {joint['name']}: growth is below one tick of each servo a period")
        need(error * rounded >= ticks * tick, f"joint {joint['name']}: encoder_error is below encoder_error_ticks")
    need(integer(reaction, 1, 1000, "reaction_periods") >= needed, f"reaction_periods: at least {float(needed.p) / float(needed.q):.3g}")
    what = f"a sample inside e_monitor leaves every joint inside e until the next is acted on, within {reaction} periods"
    return "tube_threshold", f"{what}, unless {c.misses_max} setpoints in a row are missed or the excess grows faster than identified"


def check_closure(problem: Problem, certificate: dict[str, Any]) -> tuple[str, str]:
    """The states are closed under the transitions of a `transitions` input, none is bad, none is stuck, and latched ones stay so."""
    system, states = fields(certificate, "system states")
    need(f"transitions_{system}" in problem.data, "system: no such input")
    stated = fields(problem.data[f"transitions_{system}"], "initial transitions bad latched exits")
    initial, transitions, bad, latched, exits = (listed(x, 0, 200_000, system) for x in stated)
    triples = [tuple(listed(t, 3, 3, "transition")) for t in transitions]
    words = [*listed(states, 1, 100_000, "states"), *initial, *bad, *latched, *exits, *(word for t in triples for word in t)]
    need(all(type(word) is str and 0 < len(word) <= 200 for word in words), "states and events are texts")
    known, stay, leave = set(states), set(latched), set(exits)
    need(states == sorted(known) and len(initial) > 0 and known >= set(initial), "states: ascending, each once, all initial ones there")
    need(not known & set(bad), f"bad states are among them: {sorted(known & set(bad))[:3]}")
    stuck = known - {s for s, _, _ in triples}
    need(not stuck, f"deadlock: no transition leaves {sorted(stuck)[:3]}")
    for s, event, after in triples:
        need(s not in known or after in known, f"{s} --{event}--> {after} leaves the states")
        need(s not in known & stay or after in stay or event in leave, f"{s} --{event}--> {after} leaves a latched state")
    return f"closure.{system}", f"{system}: {len(known)} states, closed, none of {len(bad)} bad ones, no deadlock, latch kept"
