"""What a monitor finds, sample by sample, in the recording of a real cell-bot; and how far ahead a fitted model sees it roll.

Usage: python examples/10_tracker_faults.py [folder for pictures, default runs/examples]
"""

import sys
from collections import Counter
from pathlib import Path

import matplotlib
import numpy as np

from safety import Fault, TrackerFinding, TrackerLimits, TrackerMonitor, TrackerSample
from toolkit.models.microrobots import CellbotModel, CellbotRecord, held_out_rms_px, load_cellbot_record, spans

# ruff: noqa: S101, T201 - an example prints and asserts
matplotlib.use("Agg")
import matplotlib.pyplot as plt

FILE = Path(__file__).parent / "data/cellbots/cellbot_openloop_robot1.csv.gz"
GAIN = 9.2  # px/s per Hz: what the monitor takes for the commanded speed
LIMITS = TrackerLimits(
    interval_s_max=0.1,
    speed_max=1500.0,
    misaligned_max=0,
    stuck_window_s=0.43,
    stuck_distance=0.0,
    stuck_part=0.33,
    stuck_commanded_min=10.0,
)


def watch(record: CellbotRecord) -> list[TrackerFinding]:
    monitor, found, velocity = TrackerMonitor(LIMITS), [], GAIN * record.commanded
    for k in range(record.frame.size):
        sample = TrackerSample(int(record.frame[k]), float(record.time_s[k]), tuple(record.position_px[k]), tuple(velocity[k]))
        found.extend(monitor.see(sample))
    return found


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples")
    folder.mkdir(parents=True, exist_ok=True)
    record = load_cellbot_record(FILE)
    found = watch(record)
    for fault, count in Counter(one.fault for one in found).items():
        slowest = max(one.found_s - one.began_s for one in found if one.fault is fault)
        print(f"{fault.value:>18}: {count:4d}, found within {slowest:.3f} s of when it can have begun")
    for one in found:
        if one.fault in {Fault.JUMP, Fault.STUCK}:
            print(f"line {one.sample + 2}, frame {one.frame}: {one.fault.value}: {one.value:.0f} px, limit {one.limit:.0f} px")

    data = spans(record, 10, LIMITS.speed_max)
    still = CellbotModel(np.zeros((2, 2)), np.zeros(2)).rms_error_px(data)
    errors = {
        "no motion": still,
        "constant gain": held_out_rms_px(data, 10, 30, constant_gain=True),
        "gain matrix and drift": held_out_rms_px(data, 10, 30),
    }
    print("held-out error over 0.43 s: " + ", ".join(f"{name} {error:.1f} px" for name, error in errors.items()))

    figure, (top, middle, bottom) = plt.subplots(3, 1, figsize=(11, 8), layout="constrained", height_ratios=[2, 1.4, 1])
    top.plot(record.time_s, record.position_px[:, 0], color="#2b6cb0", linewidth=0.8, label="x")
    top.plot(record.time_s, record.position_px[:, 1], color="#2f855a", linewidth=0.8, label="y")
    top.set(ylabel="tracked position [px]", title="a recorded cell-bot, and what the monitor found")
    top.legend(loc="upper right")
    kinds = [Fault.JUMP, Fault.STUCK, Fault.LATE, Fault.CONFLICTING_FRAME, Fault.LOST_FRAME, Fault.REPEATED_FRAME]
    for row, kind in enumerate(kinds):
        middle.plot([one.found_s for one in found if one.fault is kind], row * np.ones(sum(one.fault is kind for one in found)), "|", ms=13)
    middle.set(yticks=range(len(kinds)), yticklabels=[kind.value for kind in kinds], ylim=(-0.6, len(kinds) - 0.4), xlim=top.get_xlim())
    bottom.plot(record.time_s, record.pairing_offset, color="#c05621", linewidth=0.9)
    bottom.set(xlabel="time [s]", ylabel="frames", title="how far pairing commands and pictures by count would be off", xlim=top.get_xlim())
    figure.savefig(folder / "10_tracker_faults.png", dpi=130)
    print(f"picture: {folder / '10_tracker_faults.png'}")
    assert errors["gain matrix and drift"] < 23.0 < errors["constant gain"] < errors["no motion"]


if __name__ == "__main__":
    main()
