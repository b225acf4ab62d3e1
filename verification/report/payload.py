"""ReportData as the JSON that the page's script draws from: display units, five digits, few enough points."""

import json
from typing import Any

import numpy as np

from toolkit import FloatArray, Verdict

from .data import ReportData
from .decimate import keep_extremes, keep_shape
from .regions import CapsuleRegion, SphereRegion
from .summary import NEAR_M, Histogram, approaches, histogram, statistics
from .traces import Series, TruthTrace
from .units import display_unit, number_text
from .wireframe import wireframe

POINTS_MAX = 5000
PATH_TOLERANCE_M = 10e-6
APPROACH_RANGE_M = 20e-3
_CODES = {verdict: code for code, verdict in enumerate(Verdict)}
Json = dict[str, Any]


def payload(data: ReportData) -> Json:
    """All pictures of the report, keyed by the id of the element they fill; times in s, lengths in mm, durations in ms."""
    clock = _Clock()
    charts = _margin_charts(data, clock) | _truth_charts(data, clock) | _tracking_chart(data, clock) | _timing_charts(data, clock)
    times = [float(t) for base in clock.bases for t in (base[0], base[-1])]
    times += [float(t) for t in data.cycles.t_s[[0, -1]]] if data.cycles.t_s.size else []
    return {
        "range": [min(times, default=0.0), max(times, default=1.0)],
        "verdicts": [v.value for v in Verdict],
        "spells": [[*_short(np.array([start, end]), 7), _CODES[v]] for start, end, v in data.cycles.spells()],
        "misses": _short(data.cycles.missed_t_s, 7),
        "times": [_short(base, 7) for base in clock.bases],
        "charts": charts,
        "histograms": _histograms(data),
        "approaches": _approach_charts(data),
        "interventions": _interventions(data),
        "scene": _scene(data),
    }


def to_json(value: Json) -> str:
    """JSON that can stand inside a script element: nothing in it can end the element or start another."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class _Clock:
    """Time bases, each stored once: most series share one."""

    def __init__(self) -> None:
        self.bases: list[FloatArray] = []
        self._index: dict[bytes, int] = {}

    def line(self, series: Series, factor: float, **more: Any) -> Json:
        """One line of a chart, decimated without losing an extreme; a gap of several periods stays a gap."""
        keep = keep_extremes(series.value, POINTS_MAX)
        t_s = series.t_s[keep]
        if t_s.size == 0:
            return {"time": -1, "gap": 0, "value": [], **more}
        key = t_s.tobytes()
        if key not in self._index:
            self._index[key] = len(self.bases)
            self.bases.append(t_s)
        gap = 5 * float(np.median(np.diff(t_s))) if t_s.size > 1 else 0.0
        return {"time": self._index[key], "gap": gap, "value": _short(series.value[keep] * factor), **more}


def _short(value: FloatArray, digits: int = 5) -> list[float]:
    return [float(f"{x:.{digits}g}") for x in value.ravel().tolist()]


def _margin_charts(data: ReportData, clock: _Clock) -> dict[str, Json]:
    charts = {}
    for i, c in enumerate(data.constraints):
        factor, unit = display_unit(c.unit)
        line = clock.line(c.margin, factor, css="line-a")
        charts[f"margin-{i}"] = {"unit": unit, "label": f"certified margin of {c.name}", "lines": [line], "floor": True}
    return charts


def _truth_charts(data: ReportData, clock: _Clock) -> dict[str, Json]:
    if data.truth is None or data.truth.t_s.size == 0:
        return {}
    charts = {}
    for i, (name, distance) in enumerate(data.truth.distance_m.items()):
        line = clock.line(Series(data.truth.t_s, distance), 1e3, css="line-b")
        charts[f"distance-{i}"] = {"unit": "mm", "label": f"true distance to {name}", "lines": [line], "floor": True}
    speed = clock.line(Series(data.truth.t_s, data.truth.speed_m_s), 1e3, css="line-b")
    charts["speed"] = {"unit": "mm/s", "label": "true tip speed", "lines": [speed]}
    return charts


def _tracking_chart(data: ReportData, clock: _Clock) -> dict[str, Json]:
    line = clock.line(Series(data.tracking.t_s, data.tracking.error_m), 1e3, css="line-b")
    hatch = [_short(np.array(spell), 7) for spell in data.tracking.excluded()]
    return {"tracking": {"unit": "mm", "label": "tip error", "lines": [line], "excluded": hatch}}


def _timing_charts(data: ReportData, clock: _Clock) -> dict[str, Json]:
    limit = {"value": data.period_s * 1e3, "label": f"period {number_text(data.period_s * 1e3)} ms"}
    rows = {"cycle": (data.cycle_s, "whole cycle", [limit]), "mpc": (data.mpc_s, "MPC", []), "certify": (data.certify_s, "certify", [])}
    return {
        key: {"unit": "ms", "label": label, "lines": [clock.line(series, 1e3, css="line-a")], "limits": limits, "misses": key == "cycle"}
        for key, (series, label, limits) in rows.items()
    }


def _histograms(data: ReportData) -> dict[str, Json]:
    samples = {
        "tracking": ("mm", data.tracking.error_m[data.tracking.counted] * 1e3),
        "tracking-all": ("mm", data.tracking.error_m * 1e3),
        "cycle": ("ms", data.cycle_s.value * 1e3),
        "mpc": ("ms", data.mpc_s.value * 1e3),
        "certify": ("ms", data.certify_s.value * 1e3),
    }
    return {key: _histogram(unit, value) for key, (unit, value) in samples.items()}


def _histogram(unit: str, value: FloatArray) -> Json:
    bars, figures = histogram(value), statistics(value)
    if not isinstance(bars, Histogram) or figures is None:
        return {"unit": unit, "edges": [], "counts": [], "marks": []}
    marks = [["median", figures.median], ["p99", figures.p99], ["max", figures.max]]
    return {"unit": unit, "edges": _short(bars.edges), "counts": [int(c) for c in bars.counts], "marks": marks}


def _approach_charts(data: ReportData) -> dict[str, Json]:
    if data.truth is None:
        return {}
    charts = {}
    for i, figures in enumerate(approaches(data.truth)):
        marks = []
        if figures.speed_near_m_s is not None:
            marks.append(["at 3 mm", NEAR_M * 1e3, figures.speed_near_m_s * 1e3])
        if figures.rest_m is not None:
            marks.append(["at rest", figures.rest_m * 1e3, 0.0])
        cloud = _cloud(data.truth, data.truth.distance_m[figures.region])
        charts[f"approach-{i}"] = {"points": cloud, "marks": marks, "brake": data.brake_m_s2, "range": APPROACH_RANGE_M * 1e3}
    return charts


def _cloud(truth: TruthTrace, distance: FloatArray) -> dict[str, list[float]]:
    """Speed against distance within APPROACH_RANGE_M, one dot per cell of a 250 x 125 raster, inward and outward apart.

    The cell keeps its fastest sample's own values, so the edge nearest the stopping curve is exact.
    """
    cloud = {}
    outward = np.gradient(distance) > 0 if distance.size > 1 else np.zeros(distance.shape, dtype=bool)
    top = float(truth.speed_m_s.max()) or 1.0
    for key, side in (("inward", ~outward), ("outward", outward)):
        near = np.flatnonzero(side & (distance <= APPROACH_RANGE_M))
        near = near[np.argsort(-truth.speed_m_s[near], kind="stable")]
        cells = np.column_stack([distance[near] / APPROACH_RANGE_M * 250, truth.speed_m_s[near] / top * 125]).astype(int)
        _, first = np.unique(cells, axis=0, return_index=True)
        chosen = near[np.sort(first)]
        cloud[key] = _short(np.column_stack([distance[chosen], truth.speed_m_s[chosen]]) * 1e3, 4)
    return cloud


def _interventions(data: ReportData) -> list[list[Any]]:
    rows = []
    for spell in data.interventions:
        i = int(np.clip(np.searchsorted(data.cycles.t_s, spell.start_s), 0, max(len(data.cycles.t_s) - 1, 0)))
        tip = _short(data.cycles.p_commanded_m[i] * 1e3, 6) if len(data.cycles.t_s) else None
        outline = None if spell.outline_m is None else _short(spell.outline_m * 1e3)
        rows.append([*_short(np.array([spell.start_s, spell.end_s]), 7), _CODES[spell.verdict], tip, outline])
    return rows


def _scene(data: ReportData) -> Json:
    paths = {"reference": (data.cycles.t_s, data.cycles.p_reference_m), "commanded": (data.cycles.t_s, data.cycles.p_commanded_m)}
    if data.truth is not None:
        paths["true"] = (data.truth.t_s, data.truth.p_tip_m)
    elif data.cycles.p_measured_m is not None:
        paths["measured"] = (data.cycles.t_s, data.cycles.p_measured_m)
    points = np.concatenate([p for _, p in paths.values()])
    if not points.size:  # nothing moved: show the regions
        shapes = [wireframe(r, np.full(3, -1.0), np.full(3, 1.0)).reshape(-1, 3) for r in data.regions]
        points = np.concatenate(shapes) if shapes else np.zeros((1, 3))
    low, high = points.min(axis=0), points.max(axis=0)
    room = max(0.01, float((high - low).max()))
    lines = []
    for name, (t_s, p_m) in paths.items():
        keep = keep_shape(p_m, PATH_TOLERANCE_M)
        if keep.size > POINTS_MAX:
            keep = keep[np.linspace(0, keep.size - 1, POINTS_MAX).astype(int)]
        lines.append({"name": name, "t": _short(t_s[keep], 6), "p": _short(p_m[keep] * 1e3, 6)})
    regions = [
        {
            "name": r.name,
            "keep": r.keep,
            "segments": _short(wireframe(r, low - room, high + room) * 1e3, 6),
            "round": _round(r),
        }
        for r in data.regions
    ]
    return {"paths": lines, "regions": regions, "low": _short(low * 1e3), "high": _short(high * 1e3)}


def _round(region: object) -> list[float] | None:
    """[a, b, radius] of a capsule or sphere: its silhouette is drawn exactly."""
    if isinstance(region, CapsuleRegion):
        return _short(np.concatenate([region.a_m, region.b_m, [region.radius_m]]) * 1e3)
    if isinstance(region, SphereRegion):
        return _short(np.concatenate([region.center_m, region.center_m, [region.radius_m]]) * 1e3)
    return None
