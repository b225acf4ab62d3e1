"""Requirements, hazards, their traceability to code, tests and certificates, and the bill of materials."""

from .anomaly import Anomaly
from .control import RiskControl
from .evidence import Evidence, Product, Tester, TestResult, read_evidence, write_evidence
from .gap import Gap, TreeState, counted, find_gaps
from .hazard import Hazard, RiskScale
from .mapping import Standard, Topic
from .marked_tests import MarkedTest, marked_tests
from .matrix import Matrix, TracedControl, TracedHazard, TracedRequirement, TracedTest, build_matrix
from .register import Register, load_register
from .requirement import Requirement
from .soup import Soup

__all__ = [
    "Anomaly",
    "Evidence",
    "Gap",
    "Hazard",
    "MarkedTest",
    "Matrix",
    "Product",
    "Register",
    "Requirement",
    "RiskControl",
    "RiskScale",
    "Soup",
    "Standard",
    "TestResult",
    "Tester",
    "Topic",
    "TracedControl",
    "TracedHazard",
    "TracedRequirement",
    "TracedTest",
    "TreeState",
    "build_matrix",
    "counted",
    "find_gaps",
    "load_register",
    "marked_tests",
    "read_evidence",
    "write_evidence",
]
