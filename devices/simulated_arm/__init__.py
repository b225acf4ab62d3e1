"""A simulated arm in a process of its own: X-series servos on a pseudo-terminal, a MuJoCo plant behind them."""

from .faults import Faults
from .launch import SimulatedArm, launch_simulated_arm

__all__ = ["Faults", "SimulatedArm", "launch_simulated_arm"]
