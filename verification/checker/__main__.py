"""`python -m verification.checker DIRECTORY [CERTIFICATE]`: check a proofs directory. The folder runs copied anywhere, under any name."""

import os
import sys
from pathlib import Path

from .directory import check_directory, input_hashes, verdict_json
from .strict_json import RejectedError


def main(arguments: list[str]) -> int:
    """0: everything accepted; 3: something rejected; 2: nothing that can be read."""
    if len(arguments) == 2:
        sys.stdout.write(verdict_json(Path(arguments[0]), arguments[1]))
        return 0
    try:
        directory = Path(*arguments[:1])
        sys.stdout.writelines(f"input {role} {digest}\n" for role, digest in input_hashes(directory).items())
        rejected = 0
        for verdict in check_directory(directory, os.cpu_count() or 1):
            sys.stdout.write(f"{verdict}\n")
            rejected += not verdict.accepted
    except (OSError, RejectedError) as error:
        sys.stderr.write(f"refused: {error}\nusage: python -m verification.checker DIRECTORY\n")
        return 2
    return 3 if rejected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
