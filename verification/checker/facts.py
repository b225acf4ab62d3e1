"""Facts about finitely many cases: the longest stop, the thresholds of the tube, the closure of a transition system."""

from typing import Any

from flint import fmpq

from .exact import exactly
from .problem import Problem, commands_of, unit_of
from .strict_json import fields, integer, listed, need, number


def check_stop(problem: Problem, certificate: dict[str, Any]) -> tuple[str, str]:
    """Every stop from the command class stays in it and ends within n_max."""
    (periods,) = fields(certificate, "periods")
    c = commands_of(problem)
    limits = [exactly(number(x, "limit_m_s", 0, 10)) for x in problem.constraints.values() if x["type"] == "speed"]
    need(all(c.tip_step_m >= limit * c.period_s for limit in limits), "tip_step_m: below a speed limit times the period")
    # |rint(x) - rint(y)| <= |x - y| + 1, and the ideal steps differ by at most a - 1: whole numbers, so by at most a. That needs a >= 2.
    need(min(c.a_ticks) >= 2, "a servo may change its step by one tick only: rounding the stop may break its class")
    longest = [fmpq(1), c.tip_step_m / (c.brake_m_s2 * c.period_s**2), *(fmpq(v, a - 1) for v, a in zip(c.v_ticks, c.a_ticks, strict=True))]
    needed = 1 + int(max(longest).ceil())
    need(needed <= integer(periods, 1, 10**6, "periods") <= c.n_max, f"a setpoint and its stop take {needed} periods; n_max is {c.n_max}")
    return "stop_length", f"a setpoint and a stop from any step of the class take at most {periods} <= n_max = {c.n_max} periods"


def check_threshold(problem: Problem, certificate: dict[str, Any]) -> tuple[str, str]:
    """A sample inside e_monitor leaves the joint inside e until the next one."""
    (reaction,) = fields(certificate, "reaction_periods")
    c, tube, profile, n = commands_of(problem), problem.data["tube"], problem.data["profile"], problem.n
    columns = ("encoder_excess", "encoder_error", "joint_error", "growth", "e_monitor", "e")
    rows = zip(*([exactly(number({key: x}, key, 0, 10)) for x in listed(tube[key], n, n, key)] for key in columns), strict=True)
    f = exactly(number(tube, "safety_factor", 1, 10))
    age = exactly(number(problem.data["procedure"]["assumptions"]["A4"], "age_s_max", 1e-6, 1))
    age_max = exactly(number(profile["timing"], "age_max_ms", 0, 1000)) / 1000
    # The tube's growth was identified for age_max; a sample may be as old as the procedure says, and then it grows for longer.
    longer = max(fmpq(1), (c.period_s + age) / (c.period_s + age_max))
    ticks = integer(profile["encoder_error_ticks"], 1, 100, "encoder_error_ticks")
    for joint, tick, (excess, error, play, growth, monitor, e) in zip(profile["joints"], c.tick, rows, strict=True):
        stated = exactly(number(joint, f"joint_error_{unit_of(joint)}", 0, 1))
        enough = 0 < monitor < e and monitor >= excess / f + error and e - monitor >= play + longer * growth / f and play >= stated
        need(enough, f"joint {joint['name']}: e, e_monitor and what lies between them do not add up")
        need(growth >= (1 + age_max / c.period_s) * tick, f"joint {joint['name']}: growth is below one tick of each servo a period")
        need(error * (1 + fmpq(1, 2**40)) >= ticks * tick, f"joint {joint['name']}: encoder_error is below encoder_error_ticks")
    shortest = 1 + int((age / c.period_s).ceil())
    need(integer(reaction, 1, 1000, "reaction_periods") >= shortest, f"reaction_periods: at least {shortest}")
    return "tube_threshold", f"a sample inside e_monitor leaves every joint inside e until the next; acted on within {reaction} periods"


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
