"""A control process that logs as fast as it can and says which record is durable: `logging_process.py DIRECTORY`.

First line: the writer's process id. Every further line: how many records were acknowledged as durable.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

from safety.audit import AuditLog, RecordKind
from safety.audit.link import WriterProcess
from safety.audit.places import Places


def main(directory: Path) -> None:
    links: list[WriterProcess] = []

    def start_writer(where: Places) -> WriterProcess:
        links.append(WriterProcess(where))
        return links[-1]

    log = AuditLog(directory, {}, start_writer=start_writer, queue_records=10_000)
    os.write(1, f"{links[0].pid}\n".encode())
    said = 0
    while True:
        log.append(RecordKind.CYCLE, {"q": np.linspace(0.0, 1.0, 7), "plan": np.ones((10, 7), dtype=np.int64)})
        if log.durable > said:
            said = log.durable
            os.write(1, f"{said}\n".encode())
        time.sleep(0.0005)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
