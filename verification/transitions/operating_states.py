"""The operating states with the mechanisms that exist, extracted by running them: every event in every state that is reached.

Real: the table of `safety/operating_state.py` through StateMachine, ServoLoop and run_cycle, SafetyLayer with its latch, Monitors.
How a program puts them together is stated here, in `_enable`, `_cycle` and `_cut`: torque comes on after a certified enable only, the
cycle runs while there is torque, a violation that latched is a FAULT from the end of its cycle on, torque off ends the cycles.
"""

from collections.abc import Callable, Iterator

from safety import Reaction, StateMachine
from safety.operating_state import COMMANDS
from toolkit import InvalidInput, NoSafeCommand, OperatingState
from toolkit.cycle import MISSES_MAX

from .plant import LOSSES_MAX, PERIOD_S, Plant
from .system import Step, TransitionSystem

BAD = {
    "moves": "bad: a motion was accepted outside ENABLED",
    "fault": "bad: FAULT was left by something else than disable",
    "busy": "bad: busy while disabled or at fault",
    "held": "bad: something was sent after a hold was latched",
    "tail": "bad: something else than the stored tail was sent after a stop was latched",
    "misses": "bad: something was sent after three setpoints in a row were missed",
    "watchdog": "bad: the watchdog expired under a loop that had not given up",
    "lost": "bad: more setpoints in a row were lost than the tube covers, and nobody noticed",
    "torque": "bad: torque in DISABLED",
}
WEATHER = (
    "", "the frame is lost", "the line is dead", "the sample is old", "the servo is off its path", "the servo runs away",
    "the proposal is late",
)  # fmt: skip
STALLS = (1, 2, 3, 13)
EXITS = ("disable", "a new process")
_DEAD, _HALTED = "process dead, device holds", "process dead, device halted by its watchdog"
_STATES_MAX = 600
_MUST_BE_SEEN = (
    "ENABLED",
    "PAUSED",
    "FAULT",
    "busy",
    "latched TAIL",
    "latched HOLD",
    "latched POWER_OFF",
    "2 missed",
    "2 lost",
    "device halted",
)
Event = tuple[str, Callable[[Plant], str]]


def operating_system(machine: Callable[[], StateMachine] = StateMachine) -> TransitionSystem:
    """Everything reachable from DISABLED; no further than to the first bad state. machine: the state machine to examine.

    Raises:
        InvalidInput: there are more states than a model of this size has.
    """
    plant = Plant(machine())
    start = _name(plant)
    kept = {start: plant.snapshot()}
    waiting, steps, latched = [start], set[Step](), {_DEAD, _HALTED}
    for state in waiting:
        for event, happens in _events(plant):
            plant.restore(kept[state])
            if (after := _after(plant, happens)) is None:
                continue
            steps.add((state, event, after))
            if after in BAD.values():
                return _system(start, steps, latched | _faults(waiting))
            if plant.alive and after not in kept:
                kept[after] = plant.snapshot()
                waiting.append(after)
        if len(waiting) > _STATES_MAX:
            raise InvalidInput(f"more than {_STATES_MAX} operating states: one of the parts remembers what this model does not know")
    _require_meaning(start, steps)
    steps |= {(_DEAD, "time passes", _HALTED), (_HALTED, "time passes", _HALTED), (_DEAD, EXITS[1], start), (_HALTED, EXITS[1], start)}
    return _system(start, steps, latched | _faults(waiting))


def _require_meaning(start: str, steps: set[Step]) -> None:
    """Everything that the claim is about was seen, and from everywhere a way leads back to DISABLED, without a new process."""
    states = {state for state, _, _ in steps}
    unseen = [word for word in _MUST_BE_SEEN if not any(word in state for state in states)]
    if unseen:
        raise InvalidInput(f"the extraction of the operating states is empty: {unseen} never happened")
    back, before = {start}, set[str]()
    while back != before:
        before = set(back)
        back |= {state for state, _, after in steps if after in before}
    if states - back:
        raise InvalidInput(f"no way leads back to {start} from {sorted(states - back)[0]}")


def _system(start: str, steps: set[Step], latched: set[str]) -> TransitionSystem:
    return TransitionSystem((start,), tuple(steps), tuple(BAD.values()), tuple(sorted(latched)), EXITS)


def _faults(states: list[str]) -> set[str]:
    return {state for state in states if state.startswith(OperatingState.FAULT.value)}


def _name(plant: Plant) -> str:
    if not plant.alive:
        return _DEAD
    machine, device, violation = plant.machine, plant.device, plant.layer.violation
    words = [machine.state.value, *["busy"] * machine.is_busy]
    if not device.torque:
        return ", ".join([*words, "torque off"])
    words += [f"latched {violation.reaction.name}"] if violation else []
    words += [f"tail {plant.tail}"] + ["at rest"] * plant.layer.at_rest
    if violation is not None and violation.reaction is not Reaction.TAIL:
        return ", ".join(words)  # nothing is sent any more: how late and how quiet it was matters to nothing
    words += [f"{plant.missed_in_a_row} missed"] * (plant.missed_in_a_row > 0) + [f"{device.lost} lost"] * (device.lost > 0)
    words += ["device halted"] * device.halted + [f"{plant.quiet} quiet"] * (plant.quiet > 1)
    return ", ".join([*words, f"late by {plant.behind / 10}"] if plant.behind else words)


def _events(plant: Plant) -> Iterator[Event]:
    for command in COMMANDS:
        yield command, lambda plant, command=command: _command(plant, command)  # type: ignore[misc]
    yield "a motion is asked for", _move
    yield "the operator stops", _operator_stops
    yield "torque is cut", _cut
    yield "the process dies", _dies
    for weather in WEATHER:
        yield f"a cycle{', ' * bool(weather)}{weather}", lambda plant, weather=weather: _cycle(plant, weather, 0)  # type: ignore[misc]
    for periods in STALLS:
        name = f"a stall of {periods} periods, then a cycle"
        yield name, lambda plant, periods=periods: _cycle(plant, "", periods)  # type: ignore[misc]


def _after(plant: Plant, happens: Callable[[Plant], str]) -> str | None:
    """The name of the state after an event, or the rule it broke; None where it cannot happen."""
    was = plant.machine.state
    broken = happens(plant)
    if broken == "impossible":
        return None
    machine = plant.machine
    if was is OperatingState.FAULT and machine.state not in (was, OperatingState.DISABLED):
        broken = broken or "fault"
    if machine.state is OperatingState.DISABLED and plant.device.torque:
        broken = broken or "torque"
    if machine.is_busy and machine.state in (OperatingState.DISABLED, OperatingState.FAULT):
        broken = broken or "busy"
    return BAD[broken] if broken else _name(plant)


def _command(plant: Plant, command: str) -> str:
    """One of CRTK's commands, as a program passes it on: refused by the table, or carried out."""
    device = plant.device
    before = plant.machine.state
    if command == "enable" and not device.torque:
        try:
            if before is not OperatingState.DISABLED:
                plant.machine.command(command)
                return "fault" if before is OperatingState.FAULT else "moves"
            first = plant.layer.enable(device.read())
        except (InvalidInput, NoSafeCommand):
            return ""
        device.torque, device.halted, device.lost = True, False, 0
        device.heard_s = plant.clock.now_s
        device.write(first)
        device.wrote, plant.missed_in_a_row = (), 0
        plant.loop.start()
        plant.clock.due_s = plant.clock.now_s
    try:
        plant.machine.command(command)
    except InvalidInput:
        return ""
    if command == "disable":
        device.torque = False
    return ""


def _move(plant: Plant) -> str:
    """A motion: accepted where the machine says so."""
    if not plant.machine.may_move():
        return ""
    plant.machine.is_busy = True
    return "" if plant.machine.state is OperatingState.ENABLED and plant.device.torque else "moves"


def _operator_stops(plant: Plant) -> str:
    if not plant.device.torque:
        return "impossible"
    plant.layer.request_stop("the operator asked")
    return ""


def _cut(plant: Plant) -> str:
    """The program takes the power, because motion has ended in a violation or the device cannot be steered."""
    if not plant.device.torque:
        return "impossible"
    plant.device.torque = False
    plant.machine.fault()
    return ""


def _dies(plant: Plant) -> str:
    plant.alive = False
    return ""


def _cycle(plant: Plant, weather: str, stalled: int) -> str:
    """One step of the servo loop, after so many periods in which the process did not run."""
    device, layer, memory = plant.device, plant.layer, plant.layer.memory
    if not device.torque or memory is None:
        return "impossible"
    latched = layer.violation.reaction if layer.violation else None
    device.weather, device.wrote = weather, ()
    plant.clock.now_s += stalled * PERIOD_S
    ahead = [int(x) for x in memory.plan[:, 0]] + [int(memory.newest[0])]
    result = plant.loop.step()
    missed = plant.missed_in_a_row
    if result.written:
        plant.missed_in_a_row = 0
    if layer.violation is not None:
        plant.machine.fault()
    if device.wrote and latched is not None and latched is not Reaction.TAIL:
        return "held"
    if device.wrote and latched is Reaction.TAIL and device.wrote[0] not in ahead:
        return "tail"
    if device.wrote and missed >= MISSES_MAX:
        return "misses"
    if device.halted and layer.violation is None:
        return "watchdog"
    return "lost" if device.lost > LOSSES_MAX + 1 and layer.violation is None else ""
