"""The campaign's vessel and bead as a world file, for tests of the rig that has them in its coils."""

from pathlib import Path
from typing import Any

import numpy as np

from toolkit.app.vessel_world import VesselWorld
from verification.campaign.vessel import CORE_SHARE, DENSITY_KG_M3, RADIUS_M, SATURATION_A_M, branching_vessel, pulse, vessel_path

EXAMPLES = Path(__file__).parents[3] / "examples"
CALIBRATION = EXAMPLES / "data" / "magnetic_calibrations" / "OctoMag_Calibration.yaml"
PROFILE = EXAMPLES / "profiles" / "octomag_coils_sim" / "profile.yaml"
PATH_S = 60.0
SCALE_M_PX = 25e-6


def campaign_world(seed: int = 0, **changes: Any) -> VesselWorld:
    """Both views show the whole vessel; `changes` replace fields."""
    inlet = pulse(np.random.default_rng(seed))
    cameras = {
        "rate_Hz": 60.0,
        "latency_s": 0.030,
        "noise_m": 5e-6,
        "scale_m_px": SCALE_M_PX,
        "views": [{"origin_m": [-6e-3, 0.0, 3e-3], "shape": [220, 470]}, {"origin_m": [0.0, -5e-3, 3e-3], "shape": [220, 400]}],
    }
    segments = [
        {"name": s.name, "points_m": s.points_m.tolist(), "radius_m": s.radius_m.tolist(), "parent": s.parent, "share": s.share}
        for s in branching_vessel().segments
    ]
    core_m3 = CORE_SHARE * 4.0 / 3.0 * np.pi * RADIUS_M**3
    fields = {
        "seed": seed,
        "calibration": str(CALIBRATION),
        "current_signs": [1] * 8,
        "bead": {"radius_m": RADIUS_M, "density_kg_m3": DENSITY_KG_M3, "core_m3": core_m3, "saturation_A_m": SATURATION_A_M},
        "fluid": {"density_kg_m3": 1060.0, "viscosity_Pa_s": 3.5e-3},
        "vessel": segments,
        "pulse": {
            "rate_Hz": inlet.rate_hz,
            "mean_m_s": inlet.mean_m_s,
            "harmonics": [[float(c.real), float(c.imag)] for c in inlet.harmonics_m_s],
        },
        "start_m": vessel_path(PATH_S)(np.zeros(1))[0][0].tolist(),
        "cameras": cameras,
    }
    return VesselWorld.model_validate(fields | changes)
