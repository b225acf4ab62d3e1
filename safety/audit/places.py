"""Where the parts of one log lie: the records, the second copy of the checkpoints, the key, the machine's state."""

import json
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from toolkit import AuditFault

from .checkpoint import ORIGIN
from .segment import SEGMENT_BYTES


@dataclass(frozen=True)
class Places:
    """All paths absolute.

    directory: the segments and the first copy of the checkpoints.
    second: directory of the second copy; None: there is none.
    operator_key: the stock of run keys; None: the run makes its own first key, and nobody vouches for it.
    state: the machine's state directory (see `machine_state`); None: whether this log ends in order is remembered nowhere.
    witness: URL of the HTTP witness; empty: there is none.
    run: 32 random hex digits: the name of this log among all others.
    """

    directory: Path
    second: Path | None = None
    operator_key: Path | None = None
    state: Path | None = None
    witness: str = ""
    run: str = ""
    segment_bytes: int = SEGMENT_BYTES

    @classmethod
    def of(
        cls, directory: Path, second: Path | None = None, operator_key: Path | None = None, state: Path | None = None, witness: str = ""
    ) -> "Places":
        """Make the places of a new log.

        Raises:
            AuditFault: the key lies where the log or its second copy does: who copies those would copy it.
        """
        directory = directory.resolve()
        second, operator_key, state = (None if path is None else path.resolve() for path in (second, operator_key, state))
        for holder in (directory, second):
            if operator_key is not None and holder is not None and holder in operator_key.parents:
                raise AuditFault(f"{operator_key}: the operator key lies in {holder}, which is handed to others: keep it apart")
        if second is not None and second == directory:
            raise AuditFault(f"{second}: the second place of the checkpoints is the first one")
        return cls(directory, second, operator_key, state, witness, token_hex(16))

    @property
    def origin(self) -> str:
        """The log's name in its checkpoints."""
        return ORIGIN + self.run

    @property
    def second_file(self) -> Path | None:
        """The second copy of the checkpoints."""
        return None if self.second is None else self.second / f"{self.run}.checkpoints"

    def to_text(self) -> str:
        """As one argument of the writer's command line."""
        return json.dumps({name: str(value) if isinstance(value, Path) else value for name, value in vars(self).items()})

    @classmethod
    def from_text(cls, text: str) -> "Places":
        """What `to_text` wrote."""
        held = json.loads(text)
        paths = {name: None if held[name] is None else Path(held[name]) for name in ("directory", "second", "operator_key", "state")}
        return cls(**{**held, **paths})
