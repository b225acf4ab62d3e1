"""What `primum audit reprove` prints."""

from rich.table import Table

from verification.reprove import ConstraintFindings

from .cli_common import out
from .reprove import FILE, RunReproof

_SHOWN = 20


def print_reproof(run: RunReproof) -> None:
    """Margins by constraint, cycles by what held, what was not shown, and one sentence at the end."""
    found = run.found
    table = Table(
        "constraint", "smallest margin shown", "where", "not re-proved", "logged - exact, at most", title="Windows, re-proved in Arb"
    )
    for constraint in found.constraints:
        table.add_row(constraint.name, _margin(constraint), _where(constraint), str(constraint.failed), _difference(constraint))
    out.print(table)
    _say(f"{found.plans} plans ({found.cycles} cycles, {found.enables} enables), {found.windows} windows, {found.different} different ones")
    since = "since enable" if not found.part else "in this part, and none was latched before it"
    _say(f"re-proved, and the monitors of A1 to A4 held {since}: {found.held} cycles")
    _say(f"re-proved only: an assumption was broken before, or there was no sample to look at: {found.passed} cycles")
    _say(f"not re-proved: {found.open} cycles")
    inside = found.samples - found.outside
    _say(f"samples inside their box grown by e_monitor: {inside} of {found.samples}; largest use of e_monitor {found.largest_use:.2f}")
    for failure in found.failures[:_SHOWN]:
        _say(f"  {failure}")
    if found.failed > _SHOWN:
        _say(f"  and {found.failed - _SHOWN} more; the first {len(found.failures)} are in {FILE}")
    _say(
        "second derivatives: bounded anew over each window's own box, so neither K nor eta is taken on trust; "
        f"the shield used {found.second_derivatives} bounds and eta = {found.eta_m:.3g} m"
    )
    _say(f"not covered: {', '.join([*found.not_covered, 'A5, A7; that the history is what was sent (audit replay)'])}")
    _say(f"log: {run.integrity}")
    _say(run.statement)


def _margin(constraint: ConstraintFindings) -> str:
    return "none" if constraint.smallest is None else f"{constraint.smallest:.6g} {constraint.unit}"


def _where(constraint: ConstraintFindings) -> str:
    if constraint.smallest is None:
        return ""
    return f"{'enable' if constraint.cycle is None else f'cycle {constraint.cycle}'}, window {constraint.window}"


def _difference(constraint: ConstraintFindings) -> str:
    return "" if constraint.difference is None else f"{constraint.difference:.3g}"


def _say(text: str) -> None:
    out.print(text, markup=False, soft_wrap=True, highlight=False)
