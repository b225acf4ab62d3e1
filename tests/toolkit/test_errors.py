"""Each failure has its own type and its own exit code, and a specification error names its place."""

import pytest

from toolkit import (
    AuditFault,
    DeviceFault,
    InvalidInput,
    NoSafeCommand,
    SolverFailure,
    SpecificationError,
    StaleMeasurement,
    ToolkitError,
)

CODES = {InvalidInput: 2, SpecificationError: 2, StaleMeasurement: 3, NoSafeCommand: 3, SolverFailure: 3, DeviceFault: 4, AuditFault: 5}


@pytest.mark.parametrize(("kind", "code"), CODES.items())
def test_every_error_is_a_toolkit_error_with_its_exit_code(kind: type[ToolkitError], code: int) -> None:
    assert issubclass(kind, ToolkitError) and kind.exit_code == code and kind("text").exit_code == code


def test_no_error_has_the_exit_code_of_success() -> None:
    assert ToolkitError.exit_code != 0


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({"file": "a.yaml", "line": 3, "field": "speed"}, "a.yaml:3: speed: too fast"),
        ({"file": "a.yaml", "field": "speed"}, "a.yaml: speed: too fast"),
        ({"line": 0, "file": "a.yaml"}, "a.yaml:0: too fast"),
        ({"field": "speed"}, "speed: too fast"),
        ({}, "too fast"),
    ],
)
def test_a_specification_error_names_what_it_knows_and_leaves_out_the_rest(parts: dict[str, object], text: str) -> None:
    assert str(SpecificationError("too fast", **parts)) == text  # type: ignore[arg-type]


def test_a_solver_failure_keeps_the_solvers_own_word() -> None:
    error = SolverFailure("no start", "max_iterations")
    assert (str(error), error.status) == ("no start", "max_iterations")
