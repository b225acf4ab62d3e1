"""What is locked is locked for the system too, a child process at a time: this process must not keep its memory for ever."""

import resource
import subprocess
import sys

import pytest

from toolkit import memory_lock

LOCK = """
import mmap, resource
from toolkit.memory_lock import lock_memory
granted = lock_memory(read_in={read_in})
later = mmap.mmap(-1, 1 << 20)
locked_kb = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmLck"))
size_kb = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize"))
print(granted, locked_kb, size_kb)
"""


@pytest.mark.parametrize("read_in", [True, False])
def test_all_pages_are_locked_those_to_come_as_well(read_in: bool) -> None:
    said = subprocess.run([sys.executable, "-c", LOCK.format(read_in=read_in)], capture_output=True, text=True, check=True).stdout.split()
    granted, locked_kb, size_kb = said[0] == "True", int(said[1]), int(said[2])
    if not granted:
        pytest.skip("this system lets this user lock no memory")
    assert locked_kb > 0.9 * size_kb > 1024


def test_a_limit_that_cannot_be_lifted_locks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit an allocation fails in mid-motion: refused, and said so."""

    def refuse(which: int, limits: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(memory_lock, "_CAP_IPC_LOCK", 63)  # a capability nobody has
    monkeypatch.setattr(resource, "setrlimit", refuse)
    monkeypatch.setattr(memory_lock.ctypes, "CDLL", lambda *args, **kwargs: pytest.fail("nothing is locked under a limit"))
    assert not memory_lock.lock_memory()
