"""Reading a procedure file."""

from pathlib import Path

from .procedure import Procedure
from .yaml_model import load_yaml_model


def load_procedure(path: str | Path) -> Procedure:
    """Read and check a procedure file; the files it names are read later (`read_servo_paths`, the device profile).

    Raises:
        SpecificationError: one error that lists every problem, a line each: `file:line: field: value: what is allowed`.
    """
    return load_yaml_model(path, Procedure)
