"""The page that both ends of the log see."""

import os
import socket
from collections.abc import Iterator

import pytest

from safety.audit.tally import TALLY_BYTES, Tally, share_tally, take_tally
from toolkit import AuditFault

pytestmark = pytest.mark.requirement("AUD-012")


@pytest.fixture
def ends() -> Iterator[tuple[Tally, Tally]]:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, there:
        yield share_tally(here), take_tally(there)


def test_what_one_end_stores_the_other_reads(ends: tuple[Tally, Tally]) -> None:
    control, writer = ends
    assert (writer.handed_over, writer.gave_up) == (0, "")
    control.handed_over = 2**40 + 3
    control.give_up("the queue is full: ä")
    assert (writer.handed_over, writer.gave_up) == (2**40 + 3, "the queue is full: ä")


def test_the_first_reason_stands_and_none_is_still_a_reason(ends: tuple[Tally, Tally]) -> None:
    control, writer = ends
    control.give_up("")
    control.give_up("later")
    assert writer.gave_up == "no reason"


def test_a_long_reason_is_cut_to_the_page(ends: tuple[Tally, Tally]) -> None:
    control, writer = ends
    control.give_up("x" * 10_000)
    assert 0 < len(writer.gave_up) < TALLY_BYTES


def test_a_descriptor_that_is_no_page_is_an_error() -> None:
    reading, writing = os.pipe()
    with pytest.raises((OSError, ValueError)):
        Tally(reading)
    os.close(reading)
    os.close(writing)


def test_an_end_that_is_gone_is_found_out_by_the_other(ends: tuple[Tally, Tally]) -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with there:
        here.close()
        with pytest.raises(AuditFault, match="before it began"):
            take_tally(there)
        assert share_tally(there).handed_over == 0, "and the socket says the rest"
