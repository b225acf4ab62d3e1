"""The windows of every plan of a log, each different one proved once, on as many processes as are asked for."""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite, isnan, nextafter
from typing import NamedTuple

from flint import arb

from toolkit import InvalidInput

from ..checker.problem import Problem, problem_of
from ..checker.strict_json import number
from .expansion import Bounds, WindowGeometry
from .findings import ConstraintFindings, Failure, Reproof
from .forms import RATES, Margin, margins_of, slacks
from .logged_plan import LoggedPlan
from .monitors import monitored
from .servo_hull import ServoHull, ServoMap, Ticks, hulls_of

WINDOWS_MAX = 1_000_000
"""Different windows held in memory at once: five hours of steady motion at 200 Hz have that many."""
_BATCH = 64
Progress = Callable[[int, int], None]


class Shown(NamedTuple):
    """One margin of one window. least: shown; NaN where nothing was. low, high: enclose the shield's formula."""

    least: float
    low: float
    high: float


@dataclass(frozen=True)
class Prover:
    """A problem as a process works on it. K: second-derivative bounds by function, as the shield used them, for comparison only."""

    problem: Problem
    servos: ServoMap
    margins: list[Margin]
    K: Mapping[str, Bounds]

    @staticmethod
    def of(inputs: dict[str, bytes], K: Mapping[str, Bounds]) -> "Prover":
        """From the inputs of a proof (docs/certificates.md). Raises RejectedError for what is not understood."""
        problem = problem_of(inputs)
        return Prover(problem, ServoMap.of(problem), margins_of(problem), K)

    def shown(self, hull: ServoHull) -> list[Shown]:
        """Every margin over one window."""
        return self.shown_over(WindowGeometry(self.problem, self.servos.joint_box(hull, self.servos.e), self.K))

    def shown_over(self, window: WindowGeometry) -> list[Shown]:
        """Every margin over a joint box."""
        return [Shown(_below(s.shown), _below(s.stated), -_below(-s.stated)) for s in slacks(self.margins, window)]


def reprove(
    plans: Sequence[LoggedPlan], inputs: dict[str, bytes], K: Mapping[str, Bounds], processes: int = 2, progress: Progress | None = None
) -> Reproof:
    """Re-prove plans.

    Args:
        inputs: as `primum verify` renders them; everything is rebuilt from them. progress: windows done, of how many.
    Raises:
        RejectedError: inputs that do not fit together, or a constraint that is not understood.
        InvalidInput: too many windows at once; a process died.
    """
    prover = Prover.of(inputs, K)
    boxes = [_hulls(prover, plan) for plan in plans]
    different = list(dict.fromkeys(hull for hulls in boxes for hull in hulls))
    if len(different) > WINDOWS_MAX:
        raise InvalidInput(f"{len(different)} different windows: at most {WINDOWS_MAX} at once; look at a part of the run")
    known = dict(zip(different, _all_shown(prover, inputs, different, processes, progress), strict=True))
    found = _nothing_yet(prover, len(different))
    broken = ""
    for plan, hulls in zip(plans, boxes, strict=True):
        broken = _take_in(found, prover, plan, [known[hull] for hull in hulls], broken)
    return found


def _hulls(prover: Prover, plan: LoggedPlan) -> list[ServoHull]:
    """Before an enable the arm rested where it is."""
    history = plan.history * prover.servos.window if plan.cycle is None else plan.history
    if len(history) < prover.servos.window:
        raise InvalidInput(f"{plan.where}: {len(history)} setpoints of history, {prover.servos.window} are needed")
    return hulls_of(history, plan.plan, prover.servos.window)


def _all_shown(
    prover: Prover, inputs: dict[str, bytes], hulls: Sequence[ServoHull], processes: int, progress: Progress | None
) -> Iterator[list[Shown]]:
    done = 0
    for results in _batches(prover, inputs, hulls, processes):
        yield from results
        done += len(results)
        if progress is not None:
            progress(done, len(hulls))


def _batches(prover: Prover, inputs: dict[str, bytes], hulls: Sequence[ServoHull], processes: int) -> Iterator[list[list[Shown]]]:
    if processes <= 1:
        yield from ([prover.shown(hull) for hull in batch] for batch in _batched(hulls))
        return
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(processes, context, _begin, (inputs, prover.K)) as pool:
            yield from pool.map(_in_process, _batched(hulls))
    except BrokenProcessPool as error:
        raise InvalidInput("re-proof: one of its processes died; nothing is shown") from error


def _batched(hulls: Sequence[ServoHull]) -> list[Sequence[ServoHull]]:
    return [hulls[k : k + _BATCH] for k in range(0, len(hulls), _BATCH)]


_prover: Prover | None = None
"""Of a worker process: made once, when it starts."""


def _begin(inputs: dict[str, bytes], K: Mapping[str, Bounds]) -> None:
    global _prover  # noqa: PLW0603  the state of a worker process, which nobody else sees
    _prover = Prover.of(inputs, K)


def _in_process(batch: Sequence[ServoHull]) -> list[list[Shown]]:
    if _prover is None:
        raise InvalidInput("re-proof: a process that was not begun")
    return [_prover.shown(hull) for hull in batch]


def _nothing_yet(prover: Prover, different: int) -> Reproof:
    constraints = [ConstraintFindings(margin.name, margin.unit) for margin in prover.margins]
    rates = [f"{name} (claimed for setpoints)" for name, c in prover.problem.constraints.items() if c["type"] in RATES]
    eta_m = number(prover.problem.data["procedure"]["assumptions"]["A6"], "float_error_m", 0, 1)
    return Reproof(different=different, constraints=constraints, not_covered=rates, eta_m=eta_m)


def _take_in(found: Reproof, prover: Prover, plan: LoggedPlan, windows: Sequence[list[Shown]], broken: str) -> str:
    """Add one plan; what is broken after it: the first assumption violated since the arm was enabled."""
    found.plans += 1
    found.windows += len(windows)
    before = found.failed
    for what in _no_plan(plan, prover.servos):
        found.fail(Failure(plan.cycle, plan.record, None, "command_class", None, what))
    for column, constraint in enumerate(found.constraints):
        _take_in_margin(found, constraint, plan, [window[column] for window in windows])
    if plan.cycle is None:
        found.enables += 1
        return ""
    seen = _take_in_sample(found, prover, plan)
    broken = broken or plan.violated or seen
    if found.failed > before:
        found.open += 1
    elif broken or plan.sample is None:
        found.passed += 1
    else:
        found.held += 1
    return broken


def _take_in_margin(found: Reproof, constraint: ConstraintFindings, plan: LoggedPlan, shown: Sequence[Shown]) -> None:
    for k, one in enumerate(shown):
        if not one.least >= 0.0:
            constraint.failed += 1
            known = isfinite(one.least)
            what = f"not re-proved: {one.least:.6g} {constraint.unit}" if known else "not re-proved: nothing could be shown"
            found.fail(Failure(plan.cycle, plan.record, k, constraint.name, one.least if known else None, what))
        if isfinite(one.least) and not (constraint.smallest is not None and constraint.smallest <= one.least):
            constraint.smallest, constraint.cycle, constraint.record, constraint.window = one.least, plan.cycle, plan.record, k
    if plan.margins is None:
        return
    logged = plan.margins.get(constraint.name, float("nan"))
    low, high = min((one.low for one in shown), key=_nan_first), min((one.high for one in shown), key=_nan_first)
    apart = max(abs(logged - low), abs(logged - high), key=_nan_last)
    if not apart <= found.eta_m:
        what = f"logged margin {logged:.9g} is {apart:.3g} {constraint.unit} from the exact one: more than eta = {found.eta_m:.3g}"
        found.fail(Failure(plan.cycle, plan.record, None, constraint.name, None, what))
    if isfinite(apart) and not (constraint.difference is not None and apart <= constraint.difference):
        constraint.difference, constraint.difference_cycle = apart, plan.cycle


def _nan_first(value: float) -> float:
    """Order in which the least of some values is NaN where one of them is: `min` alone drops it, or not, as they happen to stand."""
    return -inf if isnan(value) else value


def _nan_last(value: float) -> float:
    return inf if isnan(value) else value


def _take_in_sample(found: Reproof, prover: Prover, plan: LoggedPlan) -> str:
    """Judge the sample of a cycle; the first assumption that it breaks."""
    if plan.sample is None:
        return ""
    age_s_max = number(prover.problem.data["procedure"]["assumptions"]["A4"], "age_s_max", 0, 1)
    seen = monitored(plan, plan.sample, prover.servos, age_s_max)
    found.samples += 1
    found.outside += not seen.inside
    found.largest_use = max(found.largest_use, seen.use)
    if seen.broken and plan.verdict != "STOP":
        found.unnoticed += 1
        what = f"the sample breaks {', '.join(seen.broken)} and the verdict is {plan.verdict}"
        found.fail(Failure(plan.cycle, plan.record, None, "monitors", None, what))
    return seen.broken[0] if seen.broken else ""


def _no_plan(plan: LoggedPlan, servos: ServoMap) -> Iterator[str]:
    """Why a plan is none, in whole ticks. A hold of one setpoint is allowed at any cycle."""
    y = [*(plan.history * 2 if plan.cycle is None else plan.history)[-2:], *plan.plan]
    if plan.sent not in (None, plan.plan[0]):
        yield "what was sent is not the head of the plan"
    if y[-1] != y[-2]:
        yield "the plan does not end at rest"
    if len(plan.plan) > servos.n_max:
        yield f"the plan has {len(plan.plan)} setpoints; at most {servos.n_max}"
    if len(plan.plan) > 1:
        steps = _differences(y)
        if any(abs(s) > v for step in steps for s, v in zip(step, servos.v_ticks, strict=True)):
            yield "a servo exceeds its speed"
        if any(abs(s) > a for change in _differences(steps) for s, a in zip(change, servos.a_ticks, strict=True)):
            yield "a servo exceeds its acceleration"


def _differences(rows: Sequence[Ticks]) -> list[Ticks]:
    return [tuple(b - a for a, b in zip(before, after, strict=True)) for before, after in pairwise(rows)]


def _below(x: arb) -> float:
    """The lower end, rounded down."""
    return nextafter(float(x.lower()), -inf) if x.is_finite() else float("nan")


__all__ = ["LoggedPlan", "Prover", "Shown", "reprove"]
