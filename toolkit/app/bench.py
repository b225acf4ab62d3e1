"""`primum bench`: a procedure's own problem handed to the benchmarks."""

from controllers import PathReference
from toolkit import InvalidInput
from toolkit.procedure import joint_vector
from verification.bench import MpcBench, bench_mpc

from .assembly import Assembly
from .mpc_setup import build_mpc


def bench_procedure(assembly: Assembly, steps: int, start_s: float) -> MpcBench:
    """Track the procedure's first path with the run's own MPC and with the peers, from start_s on.

    Raises:
        InvalidInput: the procedure has no servo_path or no joint position home; or a peer is not installed.
    """
    if not assembly.paths or "home" not in assembly.procedure.joint_positions:
        raise InvalidInput("bench: the procedure needs a servo_path and a joint position named home")
    path = next(iter(assembly.paths.values()))
    q = joint_vector(assembly.procedure, "home", assembly.arm)
    mpc = build_mpc(assembly)
    reference = PathReference(path.positions_B_m, path.rate_hz, assembly.arm.tip_pose(q).R)
    return bench_mpc(assembly.arm, mpc.limits, q, reference, mpc.options, steps, start_s)
