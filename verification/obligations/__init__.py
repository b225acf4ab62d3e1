"""What a procedure's guarantee rests on, as questions that the prover can decide and certificates that the checker can re-check."""

from .closure import ClosureTask
from .directory import ProofDirectory
from .force_rule import force_rule_obligations
from .inclusion import InclusionTask, region_of
from .obligation import Obligation, Outcome, Verdict
from .run import prove_all
from .running_code import RUNNING_CODE_IDS, UNPROVED_MECHANISMS, running_code_inputs, running_code_obligations
from .second_derivatives import SecondDerivativeTask
from .stop_length import StopLengthTask
from .tube_threshold import TubeThresholdTask

__all__ = [
    "RUNNING_CODE_IDS", "UNPROVED_MECHANISMS", "ClosureTask", "InclusionTask", "Obligation", "Outcome", "ProofDirectory",
    "SecondDerivativeTask", "StopLengthTask", "TubeThresholdTask", "Verdict", "force_rule_obligations", "prove_all", "region_of",
    "running_code_inputs", "running_code_obligations",
]  # fmt: skip
