"""The errors this project raises on purpose.

ToolkitError
  InvalidInput         wrong shape, unit, frame, range, or not finite: the caller's mistake      exit code 2
  SpecificationError   a procedure, profile or model file that cannot mean what it says         exit code 2
  StaleMeasurement     the measurement is older than the cycle allows                           exit code 3
  NoSafeCommand        nothing can be certified, not even the present state                     exit code 3
  SolverFailure        an optimiser failed where no fallback is allowed (start-up)              exit code 3
  DeviceFault          the device refused, timed out, or answered wrongly                       exit code 4
  AuditFault           the log cannot be written: motion must end                               exit code 5

Expected outcomes (a refused candidate, a failed solve inside the cycle) are values, not exceptions.
"""


class ToolkitError(Exception):
    """Base of every error this project raises on purpose. `exit_code` is what the command line returns."""

    exit_code = 2


class InvalidInput(ToolkitError):
    """A value has the wrong shape, unit, frame or range, or is not finite."""


class SpecificationError(ToolkitError):
    """A file is wrong at a place that can be named.

    The message reads `file:line: field: value: what is allowed`; parts that do not apply are left out.
    """

    def __init__(self, problem: str, *, file: str = "", line: int | None = None, field: str = "") -> None:
        self.problem, self.file, self.line, self.field = problem, file, line, field
        place = file if line is None else f"{file}:{line}"
        super().__init__(": ".join(part for part in (place, field, problem) if part))


class StaleMeasurement(ToolkitError):
    """The measurement is older than the cycle allows."""

    exit_code = 3


class NoSafeCommand(ToolkitError):
    """Nothing can be certified, not even staying where the device is."""

    exit_code = 3


class SolverFailure(ToolkitError):
    """An optimiser failed where no fallback is allowed. `status` is the solver's own word."""

    exit_code = 3

    def __init__(self, message: str, status: str = "") -> None:
        self.status = status
        super().__init__(message)


class DeviceFault(ToolkitError):
    """The device refused a command, timed out, or answered wrongly."""

    exit_code = 4


class AuditFault(ToolkitError):
    """A record could not be made durable. Never retried: after EIO the kernel may report a false success."""

    exit_code = 5


def device_error(error: BaseException) -> ToolkitError:
    """What a call of a device raised: itself if it is one of ours, anything else (an OSError of the port) as a DeviceFault."""
    return error if isinstance(error, ToolkitError) else DeviceFault(f"{type(error).__name__}: {error}")
