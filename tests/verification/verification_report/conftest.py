"""One sound set of data for all tests of the report; tests change copies of it."""

import pytest

from tests.verification.verification_report.made import sound
from verification.verification_report import Document, VerificationData, build_document


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> VerificationData:
    return sound(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def final(data: VerificationData) -> Document:
    return build_document(data, (), draft=False)
