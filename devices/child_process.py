"""A simulator as a child process: read what it says with a deadline, and end it for certain."""

import os
import select
import subprocess
import time


def read_line(process: "subprocess.Popen[bytes]", timeout_s: float) -> str:
    """The next line of the process, or what came until it ended or the time was up."""
    if process.stdout is None:
        return ""
    descriptor = process.stdout.fileno()
    deadline = time.monotonic() + timeout_s
    text = b""
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready or not (byte := os.read(descriptor, 1)):
            break
        text += byte
    return text.decode(errors="replace").strip()


def end_child(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to end, wait 3 s, then kill it; its streams are closed."""
    if process.stdin is not None:
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=3.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
