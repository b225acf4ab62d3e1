"""Proving many obligations: in parallel processes, each with its own limit, in an order and with results that do not depend on chance."""

import queue
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from toolkit import ToolkitError

from .directory import Entry, ProofDirectory
from .obligation import Effort, Obligation, Outcome, Progress, Task, Verdict

Report = Callable[[int, float], None]
_POLL_S = 0.1
_shares: Any = None


def prove_all(
    obligations: Sequence[Obligation], directory: ProofDirectory, effort: Effort, processes: int, report: Report
) -> list[Entry]:
    """Try every obligation; write certificates as they come. Those an interrupted run has left are kept.

    report: told the index of an obligation and the share of it that is done; 1 when it is decided or given up.
    """
    entries: dict[int, Entry] = {}
    waiting: list[int] = []
    for k, obligation in enumerate(obligations):
        kept = directory.kept(k, obligation)
        if kept is None:
            waiting.append(k)
            continue
        entries[k] = kept
        report(k, 1.0)
    for k, outcome, seconds in _outcomes(obligations, waiting, effort, processes, report):
        entries[k] = directory.add(k, obligations[k], outcome, seconds)
        report(k, 1.0)
    return [entries[k] for k in range(len(obligations))]


def _outcomes(
    obligations: Sequence[Obligation], waiting: list[int], effort: Effort, processes: int, report: Report
) -> Iterator[tuple[int, Outcome, float]]:
    if processes <= 1 or len(waiting) <= 1:
        for k in waiting:
            yield k, *attempt(obligations[k].task, effort, lambda share, k=k: report(k, share))  # type: ignore[misc]
        return
    context = get_context("spawn")  # a fork would copy locks that other threads hold
    shares: Any = context.Queue()
    with ProcessPoolExecutor(min(processes, len(waiting)), context, _remember, (shares,)) as pool:
        futures: dict[Future[tuple[Outcome, float]], int] = {
            pool.submit(_attempt_there, k, obligations[k].task, effort): k for k in waiting
        }
        while futures:
            done, _ = wait(futures, _POLL_S, FIRST_COMPLETED)
            _drain(shares, report)
            for future in done:
                yield futures.pop(future), *_result(future)


def attempt(task: Task, effort: Effort, progress: Progress) -> tuple[Outcome, float]:
    """The outcome and its seconds. An error of the toolkit is an obligation that was not decided; any other is a bug and is raised."""
    started = time.monotonic()
    try:
        outcome = task.prove(effort, progress)
    except (ToolkitError, MemoryError) as error:
        outcome = Outcome(Verdict.UNKNOWN, detail=f"{type(error).__name__}: {error}")
    return outcome, time.monotonic() - started


def _result(future: "Future[tuple[Outcome, float]]") -> tuple[Outcome, float]:
    try:
        return future.result()
    except BrokenProcessPool as error:
        return Outcome(Verdict.UNKNOWN, detail=f"a process of the prover ended: {error}"), 0.0


def _remember(shares: Any) -> None:
    global _shares  # noqa: PLW0603 - set once, when a worker process starts
    _shares = shares


def _attempt_there(k: int, task: Task, effort: Effort) -> tuple[Outcome, float]:
    last = [0.0]

    def progress(share: float) -> None:
        if share - last[0] >= 0.01:
            last[0] = share
            _shares.put((k, share))

    return attempt(task, effort, progress)


def _drain(shares: Any, report: Report) -> None:
    while True:
        try:
            report(*shares.get_nowait())
        except queue.Empty:
            return
