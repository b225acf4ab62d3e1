"""One self-contained HTML page per run: what is guaranteed, what is assumed, what failed."""

from .data import Assumption, Certificate, Constraint, Intervention, LogAnswer, ReportData
from .regions import BoxRegion, CapsuleRegion, CylinderRegion, PolytopeRegion, Region, SphereRegion
from .render import render_report, write_report
from .summary import Approach, Finding, Statistics, approaches, findings, statistics
from .traces import CycleTrace, Series, TrackingTrace, TruthTrace
from .wireframe import wireframe

__all__ = [
    "Approach",
    "Assumption",
    "BoxRegion",
    "CapsuleRegion",
    "Certificate",
    "Constraint",
    "CycleTrace",
    "CylinderRegion",
    "Finding",
    "Intervention",
    "LogAnswer",
    "PolytopeRegion",
    "Region",
    "ReportData",
    "Series",
    "SphereRegion",
    "Statistics",
    "TrackingTrace",
    "TruthTrace",
    "approaches",
    "findings",
    "render_report",
    "statistics",
    "wireframe",
    "write_report",
]
