"""What all tests share: repeatable draws, checked requirement marks, evidence when asked for, a machine state of their own."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A suite that passed must pass again on the same tree: its random draws are always the same. `make search` draws others, and more.
settings.register_profile("repeatable", derandomize=True, max_examples=50)
settings.register_profile("search", print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

pytest_plugins = ("tests.requirement_marks", "tests.evidence_recorder")


@pytest.fixture(scope="session", autouse=True)
def machine_state_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Logs that tests kill must not block this machine's arms, and its operator key and second place must not be used by tests."""
    names = ("PRIMUM_STATE", "PRIMUM_CONFIG", "PRIMUM_OPERATOR", "PRIMUM_OPERATOR_KEY", "PRIMUM_SECOND_PLACE", "PRIMUM_WITNESS")
    before = {name: os.environ.pop(name, None) for name in names}
    place = tmp_path_factory.mktemp("machine")
    config = place / "audit.yaml"
    config.write_text("operator: tester\n")
    os.environ |= {"PRIMUM_STATE": str(place / "state"), "PRIMUM_CONFIG": str(config)}
    yield
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
