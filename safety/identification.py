"""Commands for identifying the tube: the one motion that cannot be certified, because what certifies it is being measured.

Joint limits are checked, nothing else: identification runs in free space, and a person answers for that.
"""

import numpy as np

from toolkit import CertifiedCommand, FloatArray, Margin, NoSafeCommand, TickArray, TickMap, Verdict


def identification_command(ticks: TickArray, tick_map: TickMap, lower: FloatArray, upper: FloatArray) -> CertifiedCommand:
    """A setpoint inside the joint limits, labelled as what it is.

    Raises:
        NoSafeCommand: a joint would leave [lower, upper].
    """
    q = tick_map.to_joints(ticks)
    slack = np.minimum(q - lower, upper - q)
    if not np.all(slack >= 0.0):
        j = int(np.argmin(slack))
        raise NoSafeCommand(f"identification: joint {tick_map.names[j]} = {q[j]:.6g} is outside [{lower[j]:.6g}, {upper[j]:.6g}]")
    margins = {"joint_limits": Margin(float(slack.min()), "rad or m")}
    return CertifiedCommand(ticks, ticks[None], Verdict.PASS, margins, reason="tube identification in free space: joint limits only")
