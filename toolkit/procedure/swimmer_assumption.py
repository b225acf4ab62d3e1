"""What a swimmer's procedure assumes: as a bead's, and that it stays in step with the field."""

from typing import ClassVar

from .assumption import Statement
from .part import Part
from .vessel_assumption import BodySpeed, CoilAssumptions, Drift, Share


class SwimmerDrift(Drift):
    """speed_margin_m_s: by which it must be able to swim off every wall, sinking, flow and weaker coils deducted."""

    speed_margin_m_s: BodySpeed


class InStep(Part):
    """B7. step_out_share: true step-out rate over that of the model, at the same field."""

    claim: ClassVar[str] = "The robot turns with the field up to this share of the step-out rate that its model has."
    step_out_share: Share
    statement: Statement


class SwimmerAssumptions(CoilAssumptions):
    B3: SwimmerDrift
    B7: InStep
