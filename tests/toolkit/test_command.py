"""A proposal without numbers is a value; a proposal or a command with wrong numbers cannot be made."""

import numpy as np
import pytest

from toolkit import CertifiedCommand, InvalidInput, JointProposal, SolveReport, Verdict

FAILED, OK = SolveReport(False, "max_iterations", 5, float("inf"), 0.0), SolveReport(True, "solved", 1, 0.0, 0.0)


def test_a_failed_solve_is_a_proposal_without_numbers() -> None:
    proposal = JointProposal(None, FAILED)
    assert proposal.q is None and not proposal.report.ok


@pytest.mark.requirement("SAF-010")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_proposal_with_nan_or_inf_cannot_be_made(bad: float) -> None:
    with pytest.raises(InvalidInput, match=r"proposal\.q"):
        JointProposal(np.array([0.0, bad]), OK)


@pytest.mark.requirement("SAF-001")
def test_a_command_of_floats_cannot_be_made() -> None:
    with pytest.raises(InvalidInput, match="integers"):
        CertifiedCommand(np.zeros(3), np.zeros((1, 3), dtype=np.int64), Verdict.PASS)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="integers"):
        CertifiedCommand(None, np.zeros((1, 3)), Verdict.PASS)  # type: ignore[arg-type]


def test_the_head_of_a_command_has_as_many_servos_as_its_plan() -> None:
    with pytest.raises(InvalidInput, match="ticks"):
        CertifiedCommand(np.zeros(2, dtype=np.int64), np.zeros((1, 3), dtype=np.int64), Verdict.PASS)


@pytest.mark.parametrize("plan", [np.zeros((0, 3), dtype=np.int64), np.ones((2, 3), dtype=np.int64)])
def test_what_is_sent_is_the_first_setpoint_that_was_certified(plan: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match="not the first setpoint of the plan"):
        CertifiedCommand(np.zeros(3, dtype=np.int64), plan, Verdict.PASS)


@pytest.mark.requirement("SAF-043")
def test_the_numbers_of_a_command_cannot_be_changed_afterwards() -> None:
    source = np.zeros((2, 3), dtype=np.int64)
    command = CertifiedCommand(source[0], source, Verdict.PASS)
    source[:] = 9
    assert not command.plan.any() and command.ticks is not None and not command.ticks.any()
    with pytest.raises(ValueError, match="read-only"):
        command.ticks[0] = 1
