"""One file a section of the verification report, in the order in which they stand in it."""

from .anomalies import anomalies
from .identification import identification
from .interventions import interventions
from .log import log
from .mapping import mapping
from .missing import missing
from .obligations import obligations
from .results import results
from .soup import soup
from .timing import timing
from .traceability import traceability

__all__ = [
    "anomalies",
    "identification",
    "interventions",
    "log",
    "mapping",
    "missing",
    "obligations",
    "results",
    "soup",
    "timing",
    "traceability",
]
