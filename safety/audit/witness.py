"""An HTTP witness: another machine that takes every checkpoint as it is made, and keeps what it has taken.

    POST URL/RUN     body: one or more checkpoints, whole, in order, as they stand in `checkpoints`
    2xx: they are kept.  4xx: they contradict what is kept, or are none; that is final.  All else is tried again.

One thread sends; neither the disk nor the control process ever waits for it. What was not taken within PATIENCE_S ends the log, as a
second place that fails does: a run that was to be witnessed does not go on unwitnessed.

Assumes: whoever answers at the URL is the witness: for more than a line of one's own it begins with https.
"""

import threading
import time
import urllib.error
import urllib.request
from collections import deque

from toolkit import AuditFault

PATIENCE_S, LAST_S = 10.0, 3.0
"""LAST_S: for what is still to be taken when the log ends."""
_TRY_S, _PAUSE_S = 3.0, 0.5
_FINAL = range(400, 500)
_ANSWER_BYTES = 300


class Witness:
    """Sends checkpoints in order, from the writer process.

    Raises:
        AuditFault: from `check` and `close`: one was refused, or not taken in time.
    """

    def __init__(self, url: str, run: str, patience_s: float = PATIENCE_S) -> None:
        """`url`: http or https, without the run's name, which comes after it."""
        if not url.startswith(("http://", "https://")):
            raise AuditFault(f"{url}: a witness answers at http:// or https://")
        self._url, self._patience_s = f"{url.rstrip('/')}/{run}", patience_s
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._changed = threading.Condition()
        self._failure, self._trouble, self._closing = "", "", False
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
        self._thread = threading.Thread(target=self._send, name="witness", daemon=True)
        self._thread.start()

    def tell(self, checkpoint: bytes) -> None:
        """Hand over a checkpoint that is durable here."""
        with self._changed:
            self._waiting.append((time.monotonic(), checkpoint))
            self._changed.notify_all()

    def check(self) -> None:
        """Return if what was handed over long enough ago was taken."""
        with self._changed:
            if not self._failure and self._waiting and time.monotonic() - self._waiting[0][0] > self._patience_s:
                self._failure = f"has not taken a checkpoint for {self._patience_s:g} s: {self._trouble or 'no answer'}"
            if self._failure:
                raise AuditFault(f"the witness {self._url} {self._failure}")

    def close(self) -> None:
        """Return when every checkpoint was taken; the last ones within LAST_S."""
        end_s = time.monotonic() + min(self._patience_s, LAST_S)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            while self._waiting and not self._failure and time.monotonic() < end_s:
                self._changed.wait(0.05)
            if self._waiting and not self._failure:
                self._failure = f"has not taken the last checkpoint: {self._trouble or 'no answer'}"
        self.check()

    def _send(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                if self._failure or not self._waiting:
                    return
                batch = [checkpoint for _, checkpoint in self._waiting]
            taken = self._post(b"".join(batch))
            with self._changed:
                if taken:
                    for _ in batch:
                        self._waiting.popleft()
                self._changed.notify_all()
                if self._failure:
                    return
            if not taken:
                time.sleep(_PAUSE_S)

    def _post(self, body: bytes) -> bool:
        """Whether the witness took it. What is final becomes the failure, anything else what is said when patience ends."""
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        request = urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310  its scheme was looked at
        try:
            with self._opener.open(request, timeout=_TRY_S):
                return True
        except urllib.error.HTTPError as error:
            with error:
                said = f"{error.code} {error.read(_ANSWER_BYTES).decode('utf-8', 'replace').strip() or error.reason}"
            if error.code in _FINAL:
                self._failure = f"refused a checkpoint: {said}"
            self._trouble = said
        except (OSError, ValueError) as error:  # URLError, a time-out, a line that breaks, an answer that is none
            self._trouble = str(error)
        return False


class NoWitness:
    """Of a log without one."""

    def tell(self, checkpoint: bytes) -> None:
        pass

    def check(self) -> None:
        pass

    def close(self) -> None:
        pass


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A witness is who was named."""

    def redirect_request(self, *given: object) -> None:
        return None
