"""Holds a bead where it is told, with no optimiser: what is left when the controller has no result."""

import numpy as np

from toolkit import FloatArray, InvalidInput, finite_array, finite_number
from toolkit.models.magnetics import FieldModel
from toolkit.models.microrobots import Bead

from .bead_mpc import holding_currents
from .bead_observer import BeadEstimate


class BeadHold:
    """Feedback, because no static field holds a soft bead (div F >= 0):

        F = c (v_want - flow) - W,    v_want = (to - p) / return_s,  no faster than speed_m_s,

    then the smallest currents that make F in the wanted field, and as much of the way to them as the slew limit allows in a period: the
    step is shortened, never bent.

    Raises:
        InvalidInput: a number out of range, coils with saturation (from `currents`).
    """

    def __init__(
        self,
        coils: FieldModel,
        bead: Bead,
        field_T: FloatArray,
        step_A: float,
        drag_factor: float,
        return_s: float = 0.1,
        speed_m_s: float = 5e-3,
    ) -> None:
        self._coils, self._bead, self._field_T = coils, bead, finite_array(field_T, "field_T", (3,))
        self._step_A = finite_number(step_A, "step_A", 1e-3, 1e3)
        self._drag_factor = finite_number(drag_factor, "drag_factor", 1.0, 10.0)
        self._return_s, self._speed = finite_number(return_s, "return_s", 1e-3, 10.0), finite_number(speed_m_s, "speed_m_s", 1e-6, 1.0)

    def currents(self, estimate: BeadEstimate, flow_m_s: FloatArray, to_m: FloatArray, i_A: FloatArray) -> FloatArray | None:
        """Currents to be reached within a period, (n,) [A], from those that flow, i_A. None: the coils cannot make that force there."""
        wanted = (to_m - estimate.p_m) / self._return_s
        wanted = wanted * min(1.0, self._speed / max(float(np.linalg.norm(wanted)), 1e-12))
        drag = self._bead.drag
        relative = wanted - flow_m_s
        c = self._drag_factor * drag.drag_kg_s(min(float(np.linalg.norm(relative)), drag.speed_max_m_s))
        try:
            target = holding_currents(self._coils, self._bead, estimate.p_m, self._field_T, c * relative - self._bead.net_weight_n)
        except InvalidInput:
            return None
        way = target - i_A
        return np.asarray(i_A + way * min(1.0, self._step_A / max(float(np.abs(way).max()), 1e-12)))
