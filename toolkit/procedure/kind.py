"""Which kind of file a YAML file says it is: an arm's procedure says none."""

from pathlib import Path

from ..errors import SpecificationError
from .source import read_source
from .spelling import did_you_mean

ARM, VESSEL, SWIMMER, ROLLER, SELFTEST = "arm", "microrobot_vessel", "microrobot_swimmer", "microrobot_roller", "selftest"
KINDS = (VESSEL, SWIMMER, ROLLER, SELFTEST)


def kind_of(path: str | Path) -> str:
    """ARM, VESSEL, SWIMMER, ROLLER or SELFTEST.

    Raises:
        SpecificationError: it cannot be read, or states a kind that is none of these.
    """
    source = read_source(path)
    if "kind" not in source.data:
        return ARM
    kind = source.data["kind"]
    if kind not in KINDS:
        allowed = f"{did_you_mean(str(kind), list(KINDS))}allowed: {', '.join(KINDS)}, or no kind for an arm's procedure"
        raise SpecificationError(f"{kind!r}: {allowed}", file=source.file, line=source.line(("kind",)), field="kind")
    return str(kind)
