"""A simulated arm in a process of its own: X-series servos on a pseudo-terminal, a MuJoCo plant behind them."""

from .faults import Faults
from .launch import SimulatedArm, launch_simulated_arm
from .truth import read_truth

__all__ = ["Faults", "SimulatedArm", "launch_simulated_arm", "read_truth"]
