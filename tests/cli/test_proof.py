"""An exported ledger, checked from the file alone; and every way of tampering with one."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from cli import proof
from cli.app import app
from cli.ledger import pem
from cli.proof import BrokenError, Fault
from fugace.domain.checkpoint import Checkpoint, Inclusion
from fugace.domain.ids import TenantId
from fugace.domain.ledger import GENESIS, Action, Draft, Entry
from functions.purge.checkpoint import Checkpointing
from tests.fakes import BAKERY, NOON, SHOP
from tests.fakes_keeping import FakeSigner, Keeping

ROOT = Path(__file__).parents[2]
CAFE = TenantId("ten_cafecafecafecafe")


def _purged(tenant: TenantId, count: int) -> Draft:
    return Draft(tenant, NOON, Action.PURGED, "purge", "2026-01-15T11", {"record": count})


def _signed() -> tuple[Keeping, Checkpoint]:
    """Three tenants, four entries of the shop signed for, and two behind them."""
    keeping = Keeping(now=NOON)
    for tenant in (SHOP, BAKERY, CAFE):
        for count in range(4):
            keeping.ledger.append(_purged(tenant, count))
    Checkpointing(keeping.ledger, keeping.checkpoints, keeping.signer, keeping.clock, "test").run()
    for count in range(2):
        keeping.ledger.append(_purged(SHOP, count))
    return keeping, Checkpoint.read(keeping.checkpoints.get(NOON) or b"")


KEEPING, CHECKPOINT = _signed()
ENTRIES = KEEPING.ledger.chains[SHOP]
INCLUSION = CHECKPOINT.inclusion(SHOP)
assert INCLUSION
FILE = proof.written(ENTRIES, INCLUSION).encode()
LINES = FILE.splitlines(keepends=True)
SIGNED, CHECKPOINT_LINE = 4, 7


def broken(file: bytes, key: bytes | None = None) -> tuple[int, Fault]:
    """The line that is named, and why."""
    with pytest.raises(BrokenError) as refused:
        proof.check(file, key)
    return refused.value.line, refused.value.fault


def test_a_whole_file_is_proved() -> None:
    """Else everybody would be accused."""
    proved = proof.check(FILE, KEEPING.signer.public_key())

    assert proved.entries == ENTRIES
    assert proved.inclusion == INCLUSION
    assert proved.trusted


def test_each_flipped_byte_is_noticed_in_its_line() -> None:
    """Every byte of the file, each with its lowest bit and its case turned."""
    for place in range(len(FILE)):
        line = FILE.count(b"\n", 0, place) + 1
        for flip in (0x01, 0x20):
            changed = bytearray(FILE)
            changed[place] ^= flip
            assert broken(bytes(changed))[0] == line, (place, flip)


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_any_flipped_byte_is_noticed_in_its_line(place: int, flip: int) -> None:
    """The flips that nobody thought of."""
    changed = bytearray(FILE)
    changed[place] ^= flip

    assert broken(bytes(changed))[0] == FILE.count(b"\n", 0, place) + 1


@given(st.integers(0, len(FILE) - 2))
def test_a_file_that_was_cut_off_is_noticed(end: int) -> None:
    """Within a line; between lines it is a shorter file, without a signature."""
    if FILE[:end].endswith((b"\n", b"}")) or not end:
        return

    assert broken(FILE[:end])[0] == FILE.count(b"\n", 0, end) + 1


@pytest.mark.parametrize("line", range(1, 7))
def test_a_dropped_entry_is_noticed(line: int) -> None:
    """Where the next one stands; the last two are not signed for, and at the end of a chain nothing is missed."""
    file = b"".join(LINES[: line - 1] + LINES[line:])
    if line == len(ENTRIES):
        assert len(proof.check(file).entries) == line - 1
    else:
        assert broken(file) == (line, Fault.GAP)


@pytest.mark.parametrize("line", range(1, 6))
def test_swapped_entries_are_noticed(line: int) -> None:
    """The first of the two is named."""
    file = [*LINES[: line - 1], LINES[line], LINES[line - 1], *LINES[line + 1 :]]

    assert broken(b"".join(file)) == (line, Fault.GAP)


@pytest.mark.parametrize("line", range(1, 7))
def test_a_doubled_entry_is_noticed(line: int) -> None:
    """The second of the two is named."""
    assert broken(b"".join(LINES[:line] + LINES[line - 1 :])) == (line + 1, Fault.GAP)


@pytest.mark.parametrize("line", range(1, 7))
def test_an_entry_put_in_between_is_noticed(line: int) -> None:
    """One that follows well from the one before it: what it pushes away does not follow from it."""
    prev = ENTRIES[line - 2].hash if line > 1 else GENESIS
    new = proof.written([Entry(line, _purged(SHOP, 9), prev)], None).encode()

    assert broken(b"".join([*LINES[: line - 1], new, *LINES[line - 1 :]])) == (line + 1, Fault.GAP)


def test_an_entry_of_another_tenant_is_noticed() -> None:
    """Even one that is right in its own chain."""
    other = proof.written(KEEPING.ledger.chains[BAKERY][1:2], None).encode()

    assert broken(b"".join([LINES[0], other, *LINES[2:]])) == (2, Fault.FOREIGN)


def test_a_chain_written_anew_is_not_the_signed_one() -> None:
    """Each entry follows from the one before; but the one that was signed for is another."""
    chain: list[Entry] = []
    for seq, entry in enumerate(ENTRIES, 1):
        draft = _purged(SHOP, 9) if seq == 2 else entry.draft
        chain.append(Entry(seq, draft, chain[-1].hash if chain else GENESIS))

    assert broken(proof.written(chain, INCLUSION).encode()) == (SIGNED, Fault.REWRITTEN)


def test_a_signed_end_that_was_cut_off_is_noticed() -> None:
    """The checkpoint knows how many there were."""
    assert broken(b"".join([*LINES[:3], LINES[-1]])) == (4, Fault.CUT)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda old: replace(old, head=old.head._replace(seq=3, hash=ENTRIES[2].hash)), Fault.OUTSIDE),
        (lambda old: replace(old, index=old.index + 1), Fault.OUTSIDE),
        (lambda old: replace(old, path=old.path[:-1]), Fault.OUTSIDE),
        (lambda old: replace(old, statement=replace(old.statement, size=4)), Fault.UNSIGNED),
        (lambda old: replace(old, statement=replace(old.statement, root="0" * 64)), Fault.UNSIGNED),
        (lambda old: replace(old, statement=replace(old.statement, environment="prod")), Fault.UNSIGNED),
        (lambda old: replace(old, seal=replace(old.seal, signature=b"")), Fault.UNSIGNED),
        (lambda old: replace(old, seal=replace(old.seal, key=b"key")), Fault.UNSIGNED),
        (lambda old: replace(old, seal=replace(old.seal, key=FakeSigner().public_key())), Fault.UNSIGNED),
        (lambda _: CHECKPOINT.inclusion(BAKERY), Fault.FOREIGN),
    ],
)
def test_a_bent_checkpoint_is_noticed(change: Callable[[Inclusion], Inclusion], fault: Fault) -> None:
    """Whatever is put in its place has to be signed, to be about this chain, and to lead to the root."""
    assert INCLUSION
    assert broken(proof.written(ENTRIES, change(INCLUSION)).encode()) == (CHECKPOINT_LINE, fault)


def test_a_forger_has_a_key_of_his_own() -> None:
    """Everything fits, signature included; only who brings the right key along sees it."""
    forged = Keeping(now=NOON)
    for entry in ENTRIES:
        forged.ledger.append(replace(entry.draft, facts={"record": 0}))
    Checkpointing(forged.ledger, forged.checkpoints, forged.signer, forged.clock, "test").run()
    inclusion = Checkpoint.read(forged.checkpoints.get(NOON) or b"").inclusion(SHOP)
    file = proof.written(forged.ledger.chains[SHOP], inclusion).encode()

    assert not proof.check(file).trusted
    assert broken(file, KEEPING.signer.public_key()) == (CHECKPOINT_LINE, Fault.KEY)


def test_another_curve_is_not_ours() -> None:
    """What KMS signs checkpoints with is said in each of them; another kind of key is not that, whatever it signs."""
    keeping = Keeping(now=NOON)
    keeping.signer._key = ec.generate_private_key(ec.SECP384R1())
    keeping.ledger.append(_purged(SHOP, 1))
    Checkpointing(keeping.ledger, keeping.checkpoints, keeping.signer, keeping.clock, "test").run()
    inclusion = Checkpoint.read(keeping.checkpoints.get(NOON) or b"").inclusion(SHOP)

    assert broken(proof.written(keeping.ledger.chains[SHOP], inclusion).encode()) == (2, Fault.UNSIGNED)


@pytest.mark.parametrize("file", [b"", b"\n", LINES[-1], b"{}\n", b"\x00" * 100, b"[" * 100_000])
def test_what_is_no_export_is_refused_in_its_first_line(file: bytes) -> None:
    """A checkpoint alone, an empty file: none of it proves anything of anybody."""
    assert broken(file) == (1, Fault.UNREADABLE)


def test_nothing_stands_behind_the_checkpoint() -> None:
    """An entry there would look as if it were signed for."""
    assert broken(FILE + LINES[0]) == (CHECKPOINT_LINE + 1, Fault.UNREADABLE)
    assert broken(FILE + b"\n") == (CHECKPOINT_LINE + 1, Fault.UNREADABLE)


# --- the command --------------------------------------------------------------------------------


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """A machine without AWS and without a network, and the file on it."""

    def barred(*_: object, **__: object) -> None:
        pytest.fail("it wanted a socket")

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(socket, "socket", barred)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ledger.jsonl").write_bytes(FILE)
    (tmp_path / "key.pem").write_text(pem(KEEPING.signer.public_key()))
    return lambda *words: CliRunner().invoke(app, ["ledger", "verify", *words])


def test_it_says_what_is_proved_and_what_is_not(terminal: Callable[..., Result]) -> None:
    """An auditor reads it: how far the signature reaches, and whose it is."""
    result = terminal("ledger.jsonl")

    assert result.exit_code == 0, result.output
    assert CHECKPOINT.seal.fingerprint in result.stdout
    assert "entries 1 to 4 are those that were signed for on 2026-01-15" in result.stderr
    assert "Not signed yet: the 2 after them" in result.stderr
    assert "Whose key it is the file cannot tell" in result.stderr


def test_a_key_that_is_brought_along_is_trusted(terminal: Callable[..., Result]) -> None:
    """`fugace ledger key` prints it."""
    result = terminal("ledger.jsonl", "--key", "key.pem", "--json")

    assert result.exit_code == 0, result.output
    assert '"key_trusted": true' in result.stdout
    assert '"signed_entries": 4' in result.stdout


def test_the_broken_line_is_named(terminal: Callable[..., Result]) -> None:
    """For people on stderr, for programs on stdout."""
    Path("ledger.jsonl").write_bytes(FILE.replace(b'"record":2', b'"record":1', 1))

    result = terminal("ledger.jsonl", "--json")

    assert result.exit_code == 1
    assert (
        result.stderr == "fugace: ledger.jsonl: Line 3 is broken: it was changed: its hash is not that of its text.\n"
    )
    assert result.stdout == '{"whole": false, "file": "ledger.jsonl", "line": 3, "fault": "changed"}\n'


def test_a_chain_that_nobody_signed_is_something_else(terminal: Callable[..., Result]) -> None:
    """Not broken, and not proved either: a script must not take it for a proof."""
    Path("ledger.jsonl").write_bytes(b"".join(LINES[:-1]))

    result = terminal("ledger.jsonl")

    assert result.exit_code == 3
    assert "Nobody has signed for them" in result.stderr


@pytest.mark.parametrize(("words", "sentence"), [(["no.jsonl"], "no.jsonl cannot be read"), (["."], "cannot be read")])
def test_a_file_that_cannot_be_read_is_said_so(
    terminal: Callable[..., Result], words: list[str], sentence: str
) -> None:
    """In one sentence."""
    result = terminal(*words)

    assert result.exit_code == 1
    assert sentence in result.stderr


def test_a_key_that_is_none_is_said_so(terminal: Callable[..., Result]) -> None:
    """A private key, a certificate, or the export itself."""
    result = terminal("ledger.jsonl", "--key", "ledger.jsonl")

    assert result.exit_code == 1
    assert result.stderr == "fugace: --key takes a public key as PEM.\n"


def test_a_later_file_continues_an_earlier_one(terminal: Callable[..., Result]) -> None:
    """Two exports, a month apart: between them nothing may have been replaced, whoever signed it."""
    Path("older.jsonl").write_bytes(b"".join([*LINES[:5], LINES[-1]]))

    assert terminal("ledger.jsonl", "--earlier", "older.jsonl").exit_code == 0


@pytest.mark.parametrize(("last", "line"), [(9, 6), (None, 6)])
def test_a_later_file_that_departs_from_an_earlier_one_is_broken(
    terminal: Callable[..., Result], last: int | None, line: int
) -> None:
    """What was not signed for when it was exported can be replaced or cut off: the older file shows it."""
    other = proof.written([Entry(6, _purged(SHOP, last), ENTRIES[4].hash)], None).encode() if last else b""
    Path("later.jsonl").write_bytes(b"".join([*LINES[:5], other, LINES[-1]]))
    assert terminal("later.jsonl").exit_code == 0

    result = terminal("later.jsonl", "--earlier", "ledger.jsonl")

    assert result.exit_code == 1
    assert f"later.jsonl: Line {line} is broken" in result.stderr


def test_an_earlier_file_has_to_be_whole_itself(terminal: Callable[..., Result]) -> None:
    """And which of the two is broken is said."""
    Path("older.jsonl").write_bytes(b"".join(LINES[1:]))

    result = terminal("ledger.jsonl", "--earlier", "older.jsonl")

    assert result.exit_code == 1
    assert result.stderr.startswith("fugace: older.jsonl: Line 1 is broken")


_WITHOUT = """
import runpy, socket, sys

class Barred:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"boto3", "botocore", "pynamodb", "urllib3", "functions"}:
            raise ImportError(name)
        if name.startswith(("fugace.edge", "fugace.adapters")):
            raise ImportError(name)

def barred(*_):
    raise OSError("no network")

sys.meta_path.insert(0, Barred())
socket.socket = socket.getaddrinfo = barred
sys.argv = ["verify", *sys.argv[1:]]
runpy.run_module("cli.verify", run_name="__main__")
"""


@pytest.mark.parametrize(("file", "code"), [(FILE, 0), (FILE.replace(b'"record":2', b'"record":1', 1), 1)])
def test_checking_needs_neither_sdk_nor_network_nor_environment(tmp_path: Path, file: bytes, code: int) -> None:
    """Whoever checks need not install what speaks to AWS, nor trust that it stays silent."""
    (tmp_path / "ledger.jsonl").write_bytes(file)
    (tmp_path / "key.pem").write_text(pem(KEEPING.signer.public_key()))
    paths = os.pathsep.join([str(ROOT), str(ROOT / "layers/common/python")])
    words = [sys.executable, "-c", _WITHOUT, "ledger.jsonl", "--key", "key.pem"]

    done = subprocess.run(words, cwd=tmp_path, env={"PYTHONPATH": paths}, capture_output=True, text=True, check=False)

    assert done.returncode == code, done.stderr
    assert ("entries 1 to 4 are those" in done.stderr) == (code == 0)
