"""The figures a reader looks for first: what failed, how near, how fast, how long."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from toolkit import FloatArray

from .data import ReportData
from .traces import TruthTrace
from .units import quantity_text

NEAR_M = 3e-3
REST_M_S = 1e-3
MISS_SHARE_MAX = 0.005


@dataclass(frozen=True)
class Statistics:
    """Of a sample: how many, median, 99th percentile (linear interpolation), largest, root mean square; SI."""

    count: int
    median: float
    p99: float
    max: float
    rms: float


def statistics(value: FloatArray) -> Statistics | None:
    """None for an empty sample: there is nothing to say, and 0 would say something."""
    if value.size == 0:
        return None
    median, p99 = np.percentile(value, [50, 99])
    return Statistics(int(value.size), float(median), float(p99), float(value.max()), float(np.sqrt(np.mean(value**2))))


@dataclass(frozen=True)
class Approach:
    """How a keep-out region was approached in truth.

    nearest_m: smallest distance. speed_near_m_s: highest tip speed on an inward crossing of NEAR_M, None without a crossing.
    rest_m: smallest distance at a tip speed below REST_M_S, None if it never rested within NEAR_M.
    """

    region: str
    nearest_m: float
    speed_near_m_s: float | None
    rest_m: float | None


def approaches(truth: TruthTrace) -> list[Approach]:
    """One row per keep-out region with a true distance."""
    found = []
    for region, distance in truth.distance_m.items():
        if distance.size == 0:
            continue
        inward = np.flatnonzero((distance[:-1] > NEAR_M) & (distance[1:] <= NEAR_M))
        share = (distance[inward] - NEAR_M) / (distance[inward] - distance[inward + 1])
        speed = truth.speed_m_s[inward] + share * (truth.speed_m_s[inward + 1] - truth.speed_m_s[inward])
        resting = distance[(truth.speed_m_s < REST_M_S) & (distance < NEAR_M)]
        found.append(
            Approach(
                region,
                float(distance.min()),
                float(speed.max()) if speed.size else None,
                float(resting.min()) if resting.size else None,
            )
        )
    return found


@dataclass(frozen=True)
class Finding:
    """One line of "what failed"."""

    what: str
    detail: str


def findings(data: ReportData) -> list[Finding]:
    """Everything a reviewer must not have to search for; empty means nothing failed."""
    found = []
    if data.exit_code != 0:
        found.append(Finding(f"Run {data.status} (exit code {data.exit_code})", data.reason))
    found += [*_broken_constraints(data), *_ended_assumptions(data)]
    if not data.log.intact:
        found.append(Finding(f"The log is not {'all vouched for' if data.log.ok else 'intact'}", data.log.sentence))
    found += _lateness(data)
    if data.dirty:
        found.append(Finding("Version unclear", "the program had uncommitted changes: the commit below is not what ran"))
    return found


def _broken_constraints(data: ReportData) -> Iterator[Finding]:
    for c in data.constraints:
        if c.kept is False:
            by_truth = c.holds_for == "motion" and c.truth_min is not None and c.truth_min < 0
            decisive, where = (c.truth_min, "true motion") if by_truth else (c.certified_min, "commanded sequence")
            yield Finding(f"Constraint {c.name} violated", f"by the {where}: margin {quantity_text(decisive, c.unit)}")


def _ended_assumptions(data: ReportData) -> Iterator[Finding]:
    for a in data.assumptions:
        if a.outcome == "violated":
            seen = quantity_text(a.measured, a.unit)
            when = f" at {a.violated_at_s:.3f} s: the claim ends there" if a.violated_at_s is not None else ""
            why = f" ({a.violation})" if a.violation else ""
            yield Finding(f"Assumption {a.id} violated", f"stated {quantity_text(a.bound, a.unit)}, measured {seen}{when}{why}")


def _lateness(data: ReportData) -> Iterator[Finding]:
    cycles = len(data.cycles.verdict)
    for what, count in (("missed deadlines", data.misses), ("cycles longer than the period", data.overruns)):
        if count > MISS_SHARE_MAX * cycles:
            yield Finding(f"Too many {what}", f"{count} of {cycles} cycles; at most {MISS_SHARE_MAX:.1%} expected")


@dataclass(frozen=True, eq=False)
class Histogram:
    """edges: shape (b + 1,); counts: shape (b,)."""

    edges: FloatArray
    counts: FloatArray


def histogram(value: FloatArray, bins: int = 48) -> Histogram | None:
    """From zero to the largest value; None for an empty sample. A largest value that cannot be divided into bins counts as zero."""
    if value.size == 0:
        return None
    high = float(value.max())
    counts, edges = np.histogram(value, bins=bins, range=(min(0.0, float(value.min())), high if high > 1e-300 else 1.0))
    return Histogram(np.asarray(edges, dtype=np.float64), np.asarray(counts, dtype=np.float64))
