"""A control process to be killed: it logs without rest and says what was acknowledged. Run as `kill_victim.py ROOT`.

First line on stdout: the writer's process id. Every further line: how many records were acknowledged as durable.
It needs the log and nothing else of this project, so that it starts quickly.
"""

import os
import sys
import time
from pathlib import Path

from safety.audit.link import WriterProcess
from safety.audit.log import AuditLog
from safety.audit.places import Places
from safety.audit.record import RecordKind

PAUSE_S = 0.0005


def main(root: Path) -> None:
    def start_writer(places: Places) -> WriterProcess:
        link = WriterProcess(places)
        os.write(1, f"{link.pid}\n".encode())
        return link

    log = AuditLog(root / "audit", {}, second=root / "second", state=root / "state", start_writer=start_writer, queue_records=20_000)
    said = number = 0
    while True:
        number += 1
        kind = RecordKind.STATE if number % 200 == 0 else RecordKind.CYCLE
        log.append(kind, {"number": number, "q": [0.1 * number] * 60, "state": "ENABLED"}, urgent=number % 50 == 0)
        if log.durable > said:
            said = log.durable
            os.write(1, f"{said}\n".encode())
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
