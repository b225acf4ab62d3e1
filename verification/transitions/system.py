"""A finite transition system, as the checker reads it (docs/certificates.md, role `transitions_NAME`), and what is reachable in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

Step = tuple[str, str, str]
BYTES_MAX = 1_000_000


@dataclass(frozen=True)
class TransitionSystem:
    """initial, bad, latched: states. transitions: (state, event, state). exits: the only events that lead out of a latched state."""

    initial: tuple[str, ...]
    transitions: tuple[Step, ...]
    bad: tuple[str, ...]
    latched: tuple[str, ...]
    exits: tuple[str, ...]

    def to_json(self) -> bytes:
        """Sorted, so that equal systems are equal bytes."""
        data = {name: sorted(getattr(self, name)) for name in ("initial", "transitions", "bad", "latched", "exits")}
        return json.dumps(data, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")

    @staticmethod
    def from_json(data: bytes) -> "TransitionSystem":
        stated: Mapping[str, list[list[str]]] = json.loads(data)
        words = {name: tuple(str(word) for word in stated[name]) for name in ("initial", "bad", "latched", "exits")}
        return TransitionSystem(transitions=tuple((s, event, t) for s, event, t in stated["transitions"]), **words)

    def reached(self) -> dict[str, tuple[Step, ...]]:
        """Every reachable state with a shortest way to it."""
        after: dict[str, list[Step]] = {}
        for step in sorted(self.transitions):
            after.setdefault(step[0], []).append(step)
        found: dict[str, tuple[Step, ...]] = {state: () for state in sorted(self.initial)}
        waiting = list(found)
        for state in waiting:
            for step in after.get(state, ()):
                if step[2] not in found:
                    found[step[2]] = (*found[state], step)
                    waiting.append(step[2])
        return found

    def objection(self) -> str:
        """Why it is not safe, with the shortest trace: a bad state, a deadlock, a latch that opens; empty if nothing is wrong."""
        found = self.reached()
        for state, way in found.items():
            if state in self.bad:
                return _told(way, state)
        moving = {s for s, _, _ in self.transitions}
        for state, way in found.items():
            if state not in moving:
                return f"deadlock: {_told(way, state)}"
        for s, event, t in sorted(self.transitions):
            if s in found and s in self.latched and t not in self.latched and event not in self.exits:
                return f"a latch opens: {_told((*found[s], (s, event, t)), t)}"
        return ""


def _told(way: tuple[Step, ...], end: str) -> str:
    return " ".join(f"[{state}] --{event}-->" for state, event, _ in way) + f" [{end}]"
