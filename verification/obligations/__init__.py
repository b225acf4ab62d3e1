"""What a procedure's guarantee rests on, as questions that the prover can decide and certificates that the checker can re-check."""

from .closure import ClosureTask
from .directory import ProofDirectory
from .inclusion import InclusionTask, region_of
from .obligation import Obligation, Outcome, Verdict
from .run import prove_all
from .second_derivatives import SecondDerivativeTask
from .standing import STANDING_ASSUMED, STANDING_IDS, STANDING_SENTENCES, standing_inputs, standing_obligations
from .stop_length import StopLengthTask
from .tube_threshold import TubeThresholdTask

__all__ = [
    "STANDING_ASSUMED", "STANDING_IDS", "STANDING_SENTENCES", "ClosureTask", "InclusionTask", "Obligation", "Outcome",
    "ProofDirectory", "SecondDerivativeTask", "StopLengthTask", "TubeThresholdTask", "Verdict", "prove_all", "region_of", "standing_inputs",
    "standing_obligations",
]  # fmt: skip
