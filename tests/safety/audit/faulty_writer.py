"""The log's writer process on a disk that fails: `faulty_writer.py FAULT VALUE descriptor parent places`."""

import errno
import os
import resource
import sys
import time
from pathlib import Path

from safety.audit.file_layer import PosixFiles
from safety.audit.writer import main


class FaultyFiles(PosixFiles):
    """`sync_fails` at the VALUE-th sync, `full` after VALUE bytes, `stalls` at the VALUE-th sync. Counts syncs after a failure."""

    def __init__(self, fault: str, value: int) -> None:
        self._fault, self._value, self._syncs, self._written = fault, value, 0, 0

    def write(self, descriptor: int, data: bytes) -> int:
        if self._fault == "full":
            data = data[: max(self._value - self._written, 0)]
            if not data:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = super().write(descriptor, data)
        self._written += written
        return written

    def sync(self, descriptor: int) -> None:
        self._syncs += 1
        if self._fault == "stalls" and self._syncs >= self._value:
            time.sleep(3600.0)
        if self._fault == "sync_fails" and self._syncs >= self._value:
            with Path(os.environ["PRIMUM_TEST_SYNCS"]).open("a") as counter:
                counter.write("x")
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(descriptor)


if __name__ == "__main__":
    fault, value, *arguments = sys.argv[1:]
    if fault == "size_limit":  # the kernel's own refusal, without privileges
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(value), resource.RLIM_INFINITY))
        sys.exit(main(arguments, PosixFiles()))
    sys.exit(main(arguments, FaultyFiles(fault, int(value))))
