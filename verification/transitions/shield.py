"""The transition system of the safety layer, extracted by running it: every abstract state, every answer of every part around it.

A state says what of the layer matters for what it does next: how long the stored tail is, which reaction is latched, how many setpoints
in a row were lost. Its members are layers whose setpoints are all different where rest does not make them equal: any layer in that
state is such a member with some setpoints made equal. That the windows of a member's history and tail passed is the hypothesis. A step
is one call, or one whole cycle; after it every window that can come into force, whatever happens next, must be a subset of a window
that passed, before or in this step. A window older than the history was looked at when it ended in the newest setpoint, and never
changes: w + 2 setpoints decide, however long the arm has been moving.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from typing import cast

from safety import Memory, Reaction, SafetyLayer
from toolkit import Clock, CycleRecord, InvalidInput, NoSafeCommand
from toolkit.cycle import Safety, run_cycle

from .choices import Choices, every_path
from .shield_rules import BAD, broken_history, broken_latch, broken_memory, broken_windows
from .shield_world import (
    FRESH,
    AbstractClock,
    AbstractController,
    AbstractDevice,
    Death,
    Granted,
    Planned,
    Setpoints,
    World,
    column,
    may_end,
    named,
    sample,
)
from .system import Step, TransitionSystem

NEW, DEAD = "never enabled", "process dead, the device holds"
EXITS = ("enable", "new layer, perhaps with other constraints")
EVENTS = ("PASS", "MODIFIED", "BACKUP", "STOP", "hold", "late", "write failed", "unlogged", "miss", "death", "enable", "disable")
"""What must have happened somewhere, or the extraction shows nothing."""
LONG, MANY = 2, 1
_KNOWN = {"memory", "violation", "_shield", "_filter", "_monitors", "_enable_speed_max", "_margins", "_first_use"}
_MEASURED = FRESH - 1


@dataclass(frozen=True)
class State:
    """tail: setpoints stored, LONG for that many or more. lost: in a row, MANY for that many or more."""

    tail: int
    latch: Reaction | None
    lost: int
    torque: bool = True

    def __str__(self) -> str:
        tail = f"{self.tail}{'+' * (self.tail == LONG)}"
        latch, lost = self.latch.name if self.latch else "none", f"{self.lost}{'+' * (self.lost == MANY)}"
        return f"torque {'on' if self.torque else 'off'}, tail {tail}, latched {latch}, lost {lost}"


Target = State | str
Outcome = tuple[str, Target]


@dataclass(frozen=True, eq=False)
class _Member:
    """One layer in a state. seen: history and tail."""

    state: State
    seen: Granted
    made: SafetyLayer

    def layer(self) -> SafetyLayer:
        """A layer to call: what it remembers is immutable, so a shallow copy is one of its own."""
        return copy(self.made)


def shield_system(world: World) -> TransitionSystem:
    """Everything reachable from a layer that was never enabled; no further than to the first bad state.

    Raises:
        InvalidInput: the layer has become something this extraction does not know, or something that must happen never did.
    """
    reached: list[Target] = [NEW]
    steps: set[Step] = set()
    for state in reached:
        for event, after in _outcomes(world, state):
            steps.add((str(state), event, str(after)))
            if after in BAD.values():
                return _system(reached, steps)
            if after not in reached:
                reached.append(after)
    happened = {word for _, event, _ in steps for word in EVENTS if word in event}
    if missing := set(EVENTS) - happened:
        raise InvalidInput(f"the extraction of the shield is empty: {sorted(missing)} never happened")
    return _system(reached, steps)


def _system(reached: list[Target], steps: set[Step]) -> TransitionSystem:
    latched = tuple(str(s) for s in reached if s == DEAD or (isinstance(s, State) and s.latch is not None))
    return TransitionSystem((NEW,), tuple(steps), tuple(BAD.values()), latched, EXITS)


def _outcomes(world: World, state: Target) -> Iterator[Outcome]:
    if state == NEW:
        yield EXITS[1], NEW
        yield from every_path(lambda choices: _enable(world, None, choices))
    elif state == DEAD:
        yield "time passes", DEAD
        yield EXITS[1], NEW
    elif isinstance(state, State):
        for member in _members(world, state):
            calls = _TORQUE_ON if state.torque else _TORQUE_OFF
            for call in calls:
                yield from every_path(lambda choices, call=call, member=member: call(world, member, choices))  # type: ignore[misc]


def _members(world: World, state: State) -> Iterator[_Member]:
    w, found = world.window, 0
    for length in (LONG, world.n_max - 1) if state.tail == LONG else (state.tail,):
        history = tuple(range(w + 2)) if length else (*range(w + 1), w)
        tail = tuple(range(w + 2, w + 1 + length))
        tail += (tail or history)[-1:] if length else ()
        for lost in (MANY, 1000) if state.lost == MANY else (state.lost,):
            for latch in _LATCHES[state.latch]:
                layer = world.layer()
                layer.memory = Memory(column(history), column(tail), lost)
                world.begin(Choices())
                latch(world, layer)
                if _state_of(layer, state.torque) == state:
                    found += 1
                    yield _Member(state, Granted(history, tail), layer)
    if not found:
        raise InvalidInput(f"no layer could be brought into the state: {state}")


def _monitored(use: float, reaction: Reaction) -> Callable[[World, SafetyLayer], None]:
    def latch(world: World, layer: SafetyLayer) -> None:
        world.monitors.forced = (use, reaction)
        layer.certify(sample(_MEASURED), None, 0.0)

    return latch


_LATCHES: dict[Reaction | None, tuple[Callable[[World, SafetyLayer], None], ...]] = {
    None: (lambda world, layer: None,),
    Reaction.TAIL: (lambda world, layer: layer.request_stop("before"), _monitored(1.5, Reaction.TAIL)),
    Reaction.HOLD: (lambda world, layer: layer.request_hold("before"), _monitored(1.5, Reaction.HOLD)),
    Reaction.POWER_OFF: (_monitored(0.5, Reaction.POWER_OFF),),
}


def _cycle(world: World, member: _Member, choices: Choices) -> Outcome:
    """One control cycle, whole, with whatever fails in it."""
    layer = member.layer()
    world.begin(choices)
    device = AbstractDevice(choices)

    def record(result: CycleRecord[Memory]) -> None:
        may_end(choices.pick(("kept", "raises", "dies")))

    clock, safety = cast(Clock, AbstractClock(choices)), cast(Safety[Memory], layer)
    try:
        result = run_cycle(device, AbstractController(choices), safety, clock, record, 1, 1.0)
    except Death:
        return "death", _dead(world, member, tuple(device.given))
    certified = result.decided.certified
    for text in (certified.reason, result.trouble, layer.violation.reason if layer.violation else ""):
        if "raised" in text and Planned.__name__ not in text:
            raise InvalidInput(f"in {member.state}: {text}")
    words = ["hold" if certified.ticks is None else certified.verdict.value]
    words += ["late"] * result.missed + ["write failed"] * (not result.written and not result.missed and certified.ticks is not None)
    words += ["unlogged"] * (type(result.fault).__name__ == "AuditFault")
    return ", ".join(words), _judged(world, member, layer, 1, device.given)


def _missed(world: World, member: _Member, choices: Choices) -> Outcome:
    layer = member.layer()
    world.begin(choices)
    layer.missed()
    return "miss", _judged(world, member, layer, 1, ())


def _stop(world: World, member: _Member, choices: Choices) -> Outcome:
    layer = member.layer()
    world.begin(choices)
    layer.request_stop("asked for")
    return "stop requested", _judged(world, member, layer, 0, ())


def _hold(world: World, member: _Member, choices: Choices) -> Outcome:
    layer = member.layer()
    world.begin(choices)
    layer.request_hold("asked for")
    return "hold requested", _judged(world, member, layer, 0, ())


def _rehearse(world: World, member: _Member, choices: Choices) -> Outcome:
    layer = member.layer()
    world.begin(choices)
    world.monitors.forced = (9.0, Reaction.POWER_OFF)
    with suppress(Planned):  # the loop's reaction to it too is none
        layer.rehearse()
    return "rehearsal", _judged(world, member, layer, 0, ())


def _disable(world: World, member: _Member, choices: Choices) -> Outcome:
    """Torque off: nothing is in force, whatever the layer still remembers."""
    return "disable", State(member.state.tail, member.state.latch, member.state.lost, torque=False)


def _renew(world: World, member: _Member, choices: Choices) -> Outcome:
    return EXITS[1], NEW


def _enable(world: World, member: _Member | None, choices: Choices) -> Outcome:
    """Enable, with torque off: a layer that was never enabled, or one that remembers an earlier motion."""
    layer = world.layer() if member is None else member.layer()
    world.begin(choices)
    speed = choices.pick((0.0, 2.0))
    try:
        first = layer.enable(sample(_MEASURED, speed))
    except (NoSafeCommand, Planned):
        return "enable refused", NEW if member is None else member.state
    after = layer.memory
    if after is None or first.ticks is None:
        return "enable", BAD["start"]
    if speed:
        return "enable", BAD["moving"]
    if {*named(after.history), int(first.ticks[0])} != {_MEASURED}:
        return "enable", BAD["start"]
    return "enable", _held_together(world, layer, after, ())


_TORQUE_ON = (_cycle, _missed, _stop, _hold, _rehearse, _disable)
_TORQUE_OFF = (_enable, _renew)


def _dead(world: World, member: _Member, given: Setpoints) -> Target:
    """The process is gone, the device holds the newest setpoint it was given (A3): so every window from then on is one of these."""
    history = (member.seen.history + given)[len(given) :]
    return broken_windows((member.seen,), tuple(world.shield.granted), history, (), world.window) or DEAD


def _judged(world: World, member: _Member, layer: SafetyLayer, periods: int, written: "list[int] | tuple[int, ...]") -> Target:
    """The state after a call that took so many periods and wrote so much, or the rule that it broke."""
    memory = layer.memory
    if memory is None:
        return BAD["history"]
    after = layer.violation.reaction if layer.violation else None
    head = (member.seen.plan or member.seen.history[-1:])[0]
    return (
        broken_history(member.seen.history, named(memory.history), periods, written)
        or broken_latch(member.state.latch, after, written, head)
        or _held_together(world, layer, memory, (member.seen,))
    )


def _held_together(world: World, layer: SafetyLayer, memory: Memory, before: tuple[Granted, ...]) -> Target:
    if unknown := set(vars(layer)) - _KNOWN:
        raise InvalidInput(f"the layer remembers {sorted(unknown)}, of which its extracted states know nothing")
    if not world.is_built_into(layer):
        return BAD["parts"]
    found = broken_memory(memory, world.window, world.n_max) or broken_windows(
        before, tuple(world.shield.granted), named(memory.history), named(memory.plan), world.window
    )
    return found or _state_of(layer, True)


def _state_of(layer: SafetyLayer, torque: bool) -> State:
    memory = layer.memory
    if memory is None:
        raise InvalidInput("a layer without a memory has no state")
    latch = layer.violation.reaction if layer.violation else None
    return State(min(memory.plan.shape[0], LONG), latch, min(memory.lost, MANY), torque)
