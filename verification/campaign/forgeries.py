"""Forged certificates: a valid proofs directory is changed in one way at a time, and nothing false or incomplete may be accepted.

A forgery that must not pass whatever it says (a byte missing, a hash of another file, a tree with a hole) passes: failure. Any other
that passes is put before an oracle that shares no code with the checker; a claim with a counterexample: failure. The rest is counted as
still true.
"""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from ..checker import Verdict, check_directory
from ..checker.directory import check_certificate, read_inputs
from .forgery_oracle import is_true
from .forgery_stock import Forgery, Stock
from .forgery_tricks import forgeries
from .small_proofs import encoded


@dataclass
class ForgeryResult:
    """rejected, still_true: counts by kind of change. accepted_false: what should never happen, each with how it was made."""

    rejected: Counter[str] = field(default_factory=Counter)
    still_true: Counter[str] = field(default_factory=Counter)
    accepted_false: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing false was accepted, and most of what was made was false: else the campaign shows nothing."""
        return not self.accepted_false and self.rejected.total() >= 3 * self.still_true.total()

    def __str__(self) -> str:
        lines = [f"{self.rejected.total()} forgeries rejected, {self.still_true.total()} accepted that still claim something true, "
                 f"{len(self.accepted_false)} accepted that do not"]
        kinds = sorted(set(self.rejected) | set(self.still_true))
        lines += [f"  {kind}: {self.rejected[kind]} rejected, {self.still_true[kind]} still true" for kind in kinds]
        return "\n".join([*lines, *(f"ACCEPTED: {text}" for text in self.accepted_false[:20])])


def run_forgeries(cases: int, seed: int, progress: Callable[[int], None] = lambda done: None) -> ForgeryResult:
    """Make and judge `cases` forgeries."""
    stock, random, result = Stock(), Random(seed), ForgeryResult()  # noqa: S311  a repeatable choice, no secret
    judge = Judge()
    passed = judge.accepts(stock.forgery("nothing", next(iter(stock.certificates)), next(iter(stock.certificates.values())), never=False))
    if not passed:
        result.accepted_false.append("the valid directory itself was rejected: nothing is shown")
        return result
    for done, forgery in zip(range(cases), forgeries(stock, random), strict=False):
        kind = forgery.what.partition(":")[0]
        if not judge.accepts(forgery):
            result.rejected[kind] += 1
        elif forgery.never or not _still_true(forgery):
            result.accepted_false.append(f"{forgery.what} in {forgery.changed} (seed {seed}, case {done})")
        else:
            result.still_true[kind] += 1
        progress(done + 1)
    return result


def _still_true(forgery: Forgery) -> bool:
    names = [forgery.changed] if forgery.changed else list(forgery.certificates)
    return all(is_true(forgery.arm, forgery.inputs, json.loads(forgery.certificates[name])) for name in names)


class Judge:
    """Checks whole directories in this process; a certificate that was judged with the same inputs is not judged again."""

    def __init__(self) -> None:
        self._known: dict[str, Verdict] = {}

    def accepts(self, forgery: Forgery) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            (path / "inputs").mkdir()
            for role, data in forgery.inputs.items():
                (path / "inputs" / f"{role}.{'txt' if role == 'chain' else 'json'}").write_bytes(data)
            for name, data in forgery.certificates.items():
                (path / name).write_bytes(data)
            (path / "summary.json").write_bytes(encoded(forgery.summary))
            text = read_inputs(path)
            seal = "".join(sorted(hashlib.sha256(role.encode() + data).hexdigest() for role, data in text.items()))

            def check(directory: Path, name: str) -> Verdict:
                key = hashlib.sha256(seal.encode() + name.encode() + (directory / name).read_bytes()).hexdigest()
                if key not in self._known:
                    self._known[key] = check_certificate(directory / name, text)
                return self._known[key]

            return all(verdict.accepted for verdict in check_directory(path, 1, check))
