"""What the shield remembers between cycles: the setpoints already sent and the tail certified after them."""

from dataclasses import dataclass

import numpy as np

from toolkit import InvalidInput, TickArray, tick_array


@dataclass(frozen=True, eq=False)
class Memory:
    """H and the stored plan (guarantee, section 1.1). Immutable: a cycle that is not carried out leaves no trace.

    history: (w + 2, n) ticks, newest last. plan: (k, n) ticks, the certified tail after the newest; empty means hold.
    lost: how many of the newest entries of the history were not written (missed cycles in a row).
    """

    history: TickArray
    plan: TickArray
    lost: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "history", tick_array(self.history, "history", (None, None)))
        object.__setattr__(self, "plan", tick_array(self.plan, "plan", (None, self.history.shape[1])))
        if not (self.history.shape[0] >= 3 and self.lost >= 0):
            raise InvalidInput("memory: needs at least three setpoints of history")

    @staticmethod
    def at_rest(ticks: TickArray, window: int) -> "Memory":
        """After `ticks` was the newest setpoint for longer than any window: the state at enable."""
        ticks = tick_array(ticks, "ticks", (None,))
        return Memory(np.repeat(ticks[None], window + 2, axis=0), np.empty((0, ticks.shape[0]), dtype=np.int64))

    @property
    def newest(self) -> TickArray:
        """y_k, shape (n,)."""
        return np.asarray(self.history[-1])

    @property
    def step(self) -> TickArray:
        """y_k - y_(k-1), shape (n,), ticks per period."""
        return np.asarray(self.history[-1] - self.history[-2])

    @property
    def tail_head(self) -> TickArray:
        """What continues without any new certificate: the head of the tail, or the newest setpoint again (hold)."""
        return np.asarray(self.plan[0]) if self.plan.shape[0] else self.newest

    def followed_by(self, ticks: TickArray, plan: TickArray) -> "Memory":
        """After `ticks` was written and `plan` (what comes after it) is stored."""
        return Memory(np.concatenate([self.history[1:], ticks[None]]), plan)

    def advanced(self) -> "Memory":
        """After the head of the tail was written."""
        return self.followed_by(self.tail_head, self.plan[1:])

    def missed(self) -> "Memory":
        """After a period in which nothing was written: the tail's head counts as sent and lost, which the tube covers."""
        after = self.advanced()
        return Memory(after.history, after.plan, self.lost + 1)

    def held(self) -> "Memory":
        """After the decision to send nothing more: the newest setpoint stays, and motion may only start from rest."""
        newest = self.newest
        return Memory(np.concatenate([self.history[1:], newest[None]]), np.empty((0, newest.shape[0]), dtype=np.int64), self.lost)
