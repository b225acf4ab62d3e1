"""Coils pull a bead along a vessel against the pulse; a layer judges each set of currents, and refuses one that would tear at the bead.

Usage: python examples/11_pull_bead.py [folder for pictures, default runs/examples]
"""

import sys
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np

from controllers import CurrentProposal
from devices.stereo_tracker import TrackedPoint
from toolkit.app.robot_kind import assemble, pilot_of, world_of
from verification.campaign.bead_plant import WrongCoils

# ruff: noqa: S101, T201 - an example prints and asserts
matplotlib.use("Agg")
import matplotlib.pyplot as plt

PROCEDURE = Path(__file__).parent / "procedures/microrobot_vessel.yaml"
DT, SECONDS, FRAME_S, LATENCY_S, MEDDLED_S = 0.01, 6.0, 1.0 / 60.0, 0.03, (4.0, 4.1)
COOL = (22.0,) * 8


def meddle(proposal: CurrentProposal) -> CurrentProposal:
    """Somebody asks for three times the currents."""
    return replace(proposal, i_A=None if proposal.i_A is None else 3.0 * proposal.i_A)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples")
    folder.mkdir(parents=True, exist_ok=True)
    assembly, rng = assemble(PROCEDURE), np.random.default_rng(3)
    pilot, world = pilot_of(assembly), world_of(assembly)
    plant = world.plant(WrongCoils.draw(world.calibrated(PROCEDURE.parent), rng))  # up to 5 % and 2 degrees wrong, and 1 mm away
    newest, frames, next_frame_s = TrackedPoint(0, -DT, plant.p_m, 0.0, 0.0), list[TrackedPoint](), 0.0
    pilot.begin(newest, 0.0)
    memory = pilot.layer.begin(pilot.sample(-DT, pilot.lift(1, newest, -DT).estimate, newest, COOL))
    rows = list[tuple[float, ...]]()
    for k in range(int(SECONDS / DT)):
        t = k * DT
        while frames and frames[0].t_s + LATENCY_S <= t:
            newest = frames.pop(0)
            pilot.mpc.frame(newest.t_s, newest.p_m)
        proposal = pilot.lift(k + 1, newest, t) if k < pilot.lift_steps else pilot.propose(t, memory.newest_mA)
        proposal = meddle(proposal) if MEDDLED_S[0] <= t < MEDDLED_S[1] else proposal
        before, judged = memory, pilot.judge(memory, pilot.sample(t, proposal.estimate, newest, COOL), proposal)
        memory = judged.decision.memory
        if k >= pilot.lift_steps:  # until then it lies on its rest
            plant.step(t, 1e-3 * before.newest_mA, 1e-3 * memory.newest_mA, DT)
        if next_frame_s <= t:
            frames.append(TrackedPoint(0, t + DT, plant.p_m + rng.normal(0.0, 5e-6, 3), 0.0, 0.0))
            next_frame_s += FRAME_S
        error, verdict = np.linalg.norm(plant.p_m - pilot.reference_m(t + DT)), judged.decision.certified.verdict.value
        rows.append((t, float(error), plant.wall_distance_m(), verdict == "PASS", 1e3 * plant.p_m[0], 1e3 * plant.p_m[2]))
    t_s, error_m, wall_m, passed, *xz = np.array(rows).T
    refused, known = t_s[passed == 0.0], t_s > 2.0
    print(f"error {1e6 * error_m[known].mean():.0f} um in the mean after 2 s; wall at least {1e3 * wall_m.min():.2f} mm away")
    print(f"refused at {refused.min():.2f} to {refused.max():.2f} s: {len(refused)} periods held instead")
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.6), layout="constrained")
    left.plot(*xz, color="#bee3f8", label="bead, while it learns the flow")
    left.plot(xz[0][known], xz[1][known], color="#2b6cb0", label="after 2 s")
    left.plot(*(1e3 * assembly.path(np.array(t_s))[0][:, [0, 2]]).T, "--", color="#888888", label="path")
    left.set(xlabel="x [mm]", ylabel="z [mm]", title="against 10 mm/s of pulsating flow")
    right.semilogy(t_s, 1e6 * error_m, color="#c05621", label="from the path")
    right.semilogy(t_s, 1e6 * wall_m, color="#2f855a", label="from the wall")
    right.axvspan(refused.min(), refused.max() + DT, color="#feb2b2", label="three times the currents asked for: refused, held")
    right.set(xlabel="time [s]", ylabel="distance [um]", ylim=(1.0, 1e4))
    for axes in (left, right):
        axes.legend(fontsize=8, loc="upper right" if axes is right else "best")
    figure.savefig(folder / "11_pull_bead.png", dpi=130)
    print(f"picture: {folder / '11_pull_bead.png'}")
    assert wall_m.min() > 0.0 and ((refused >= MEDDLED_S[0]) & (refused < MEDDLED_S[1])).all() and refused.size


if __name__ == "__main__":
    main()
