from pathlib import Path

import pytest

from .worlds import KINDS, World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Every kind of constraint at once."""
    return World(KINDS, Path(tmp_path_factory.mktemp("world")))
