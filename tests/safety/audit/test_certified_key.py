import json
import os
import subprocess
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest

from safety.audit.certified_key import CertifiedKey
from safety.audit.note import open_note
from safety.audit.operator_key import certificate_text, make_operator_key, read_public_key
from toolkit import AuditFault

NAME = "primum/audit/" + "0" * 32


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    make_operator_key("hospital.example/rig", 2, tmp_path / "operator.key", tmp_path / "operator.pub")
    return tmp_path / "operator.key"


def test_it_signs_once_under_the_operators_certificate_and_then_is_gone(stock: Path) -> None:
    key = CertifiedKey(stock, NAME)
    assert open_note(key.certificate, read_public_key(stock.parent / "operator.pub")) == certificate_text(1, key.verifier.public)
    assert open_note(key.sign("a text\n"), key.verifier) == "a text\n"
    with pytest.raises(AuditFault, match="run key"):
        key.sign("another\n")


def test_a_stock_that_cannot_be_used_is_refused_in_the_words_of_its_check(stock: Path) -> None:
    stock.chmod(0o644)
    with pytest.raises(AuditFault, match="chmod 600"):
        CertifiedKey(stock, NAME)
    with pytest.raises(AuditFault, match="nowhere"):
        CertifiedKey(stock.parent / "nowhere", NAME)


def test_it_ends_with_the_process_that_asked_for_it(stock: Path) -> None:
    key = CertifiedKey(stock, NAME)
    key._sock.close()
    assert os.waitpid(key._child, 0)[1] == 0


LOOK = """
import sys
from hashlib import sha256
from pathlib import Path
from safety.audit.certified_key import CertifiedKey
from safety.audit.operator_key import take_run_key

stock, head, digest = Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), sys.argv[3]
{use}
found = 0
for line in Path("/proc/self/maps").read_text().splitlines():
    span, rights, *_ = line.split()
    if rights.startswith("rw") and "[v" not in line:
        begin, end = (int(part, 16) for part in span.split("-"))
        with open("/proc/self/mem", "rb", 0) as memory:
            memory.seek(begin)
            held = memory.read(end - begin)
        at = held.find(head)
        while at >= 0:
            found += sha256(held[at : at + 32]).hexdigest() == digest
            at = held.find(head, at + 1)
print(found)
"""


@pytest.mark.parametrize(("use", "is_there"), [("CertifiedKey(stock, 'name').sign('text\\n')", False), ("key = take_run_key(stock)", True)])
def test_the_private_half_is_nowhere_in_the_memory_of_the_process_that_used_it(stock: Path, use: str, is_there: bool) -> None:
    """The second case is the search's own control: who takes the key out of the stock himself has it in his memory."""
    seed = b64decode(json.loads(stock.read_text())["keys"][0]["seed"])
    words = [sys.executable, "-c", LOOK.replace("{use}", use), str(stock), seed[:8].hex(), sha256(seed).hexdigest()]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (int(done.stdout) > 0) is is_there
