"""Which log a verification report is about: the one that its figures are read from, and no other."""

from pathlib import Path

import pytest

from toolkit import SpecificationError
from verification.campaign.made_log import make_log
from verification.verification_report import examine_log

pytestmark = pytest.mark.requirement("AUD-031")


def test_an_intact_log_put_in_beside_a_tampered_one_vouches_for_nothing(tmp_path: Path) -> None:
    """The figures come from RUN/audit; a good log of somebody else's in RUN must not answer for them."""
    log, planted = make_log(), make_log(seed=8)
    (tmp_path / "audit").mkdir()
    log.with_lines(log.lines[:100] + log.lines[101:]).write(tmp_path / "audit", tmp_path)
    planted.write(tmp_path, tmp_path)
    found = examine_log(tmp_path, None, ())
    assert found.report.run == log.run and found.report.exit_code == 5 and found.report.problem is not None
    assert found.report.problem.seq == 100 and planted.run not in found.note


def test_a_run_whose_own_log_is_gone_is_not_answered_for_by_another(tmp_path: Path) -> None:
    make_log().write(tmp_path, tmp_path)
    with pytest.raises(SpecificationError, match="no log here"):
        examine_log(tmp_path, None, ())
