"""Every path through code whose surroundings may answer in several ways: run it again and again, each time with other answers."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from toolkit import InvalidInput

Option = TypeVar("Option")
Result = TypeVar("Result")
PATHS_MAX = 200_000


class Choices:
    """The answers of one path: those of `prefix`, then the first option of every further question."""

    def __init__(self, prefix: Sequence[int] = ()) -> None:
        self._prefix = prefix
        self.taken: list[tuple[int, int]] = []

    def pick(self, options: Sequence[Option]) -> Option:
        """One of the options; over all paths each of them."""
        k = len(self.taken)
        chosen = self._prefix[k] if k < len(self._prefix) else 0
        self.taken.append((chosen, len(options)))
        return options[chosen]


def every_path(run: Callable[[Choices], Result]) -> Iterator[Result]:
    """The result of every path, in a fixed order. `run` must be a function of the answers and of nothing else.

    Raises:
        InvalidInput: there are more than PATHS_MAX.
    """
    prefix: list[int] | None = []
    for _ in range(PATHS_MAX):
        choices = Choices(prefix or ())
        yield run(choices)
        prefix = _next(choices.taken)
        if prefix is None:
            return
    raise InvalidInput(f"more than {PATHS_MAX} paths: what is enumerated here is not small")


def _next(taken: list[tuple[int, int]]) -> list[int] | None:
    """The path after this one: the last question that has an answer left gets the next one."""
    for k in range(len(taken) - 1, -1, -1):
        chosen, count = taken[k]
        if chosen + 1 < count:
            return [answer for answer, _ in taken[:k]] + [chosen + 1]
    return None
