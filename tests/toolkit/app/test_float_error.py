"""What the proofs' summary says of eta."""

from dataclasses import replace
from typing import Any

import pytest

from toolkit import InvalidInput
from toolkit.app import float_error
from toolkit.app.assembly import Assembly
from toolkit.app.float_error import float_error_sentence
from toolkit.procedure import KeepInSphere

pytestmark = pytest.mark.requirement("SAF-060")


def changed(assembly: Assembly, eta_m: float) -> Assembly:
    """Another eta, and a region to stay in whose margin is a norm."""
    procedure = assembly.procedure
    a6 = procedure.assumptions.A6.model_copy(update={"float_error_m": eta_m})
    ball = KeepInSphere(name="ball", bodies=("wrist",), center_B_m=(0.0, 0.0, -0.1), radius_m=0.1)
    update = {"assumptions": procedure.assumptions.model_copy(update={"A6": a6}), "constraints": (*procedure.constraints, ball)}
    return replace(assembly, procedure=procedure.model_copy(update=update))


def test_a_computed_bound_is_set_against_the_stated_eta_and_not_called_proved(example: Assembly) -> None:
    said = float_error_sentence(example)
    assert said.startswith("Computed, not certified: ") and "norms (none here)" in said
    assert "within the stated eta (float_error_m) = 1e-09 m" in said
    tight = float_error_sentence(changed(example, 1e-15))
    assert "ABOVE the stated eta (float_error_m) = 1e-15 m" in tight and "norms (ball)" in tight


def test_what_cannot_be_bounded_is_said_not_to_be(example: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any) -> Any:
        raise InvalidInput("forward error: no rule for tan")

    monkeypatch.setattr(float_error, "shield_error", refuses)
    assert float_error_sentence(example).startswith("Not bounded: ") and "no rule for tan" in float_error_sentence(example)
