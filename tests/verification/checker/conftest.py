import pytest

from verification.campaign.forgery_stock import Stock


@pytest.fixture(scope="session")
def stock() -> Stock:
    """A valid proofs directory with a certificate of every kind, in memory."""
    return Stock()
