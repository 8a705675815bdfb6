"""`fugace ledger` in front of AWS: what an operator gives to an auditor."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli import options, tenants
from fugace.adapters.session import shared
from fugace.domain.ids import TenantId
from fugace.domain.ledger import Action, Draft
from fugace.edge import wiring
from functions.purge.checkpoint import Checkpointing, Made
from tests.cli.conftest import Terminal
from tests.fakes_keeping import FakeSigner


@pytest.fixture
def shop(fugace: Terminal) -> str:
    return str(fugace.json("tenants", "create", "Shop", "--content-retention", "P2D")["tenant"]["id"])


def purged(fugace: Terminal, tenant: str, count: int) -> None:
    """An entry more."""
    draft = Draft(TenantId(tenant), wiring.clock()(), Action.PURGED, "purge", "2026-01-15T11", {"record": count})
    wiring.ledger(options.settings(fugace.environment)).append(draft)


def lines(text: str) -> list[dict[str, dict[str, object]]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_ledger_begins_with_its_tenant(fugace: Terminal, shop: str) -> None:
    """Its first periods are in it: else nobody could tell what a tenant had that never changed them."""
    (first,) = lines(fugace("ledger", "export", shop).stdout)

    entry = first["entry"]
    assert entry["action"] == "tenant-created"
    assert entry["actor"] == "operator"
    facts = entry["facts"]
    assert isinstance(facts, dict)
    assert facts["content.to"] == "P2D"
    assert facts["record.to"] == "P6M"


def test_a_tenant_whose_id_is_taken_leaves_no_trace(
    fugace: Terminal, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row and its first entry are written together: neither the other's row nor its chain is touched."""
    monkeypatch.setattr(tenants, "new_tenant", lambda: TenantId(shop))

    assert "This id is taken" in fugace.refused("tenants", "create", "Bakery")
    assert fugace.json("tenants", "show", shop)["name"] == "Shop"
    assert len(lines(fugace("ledger", "export", shop).stdout)) == 1


def test_an_export_is_proved_by_the_file_and_the_key(
    fugace: Terminal, shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way, with a key that moto's KMS is spared: it hashes a digest once more before it signs."""
    signer = FakeSigner()
    monkeypatch.setattr(wiring, "signer", lambda _settings: signer)
    file, key = tmp_path / "ledger.jsonl", tmp_path / "key.pem"
    purged(fugace, shop, 12)
    other = fugace.json("tenants", "create", "Bakery")["tenant"]["id"]
    assert fugace.json("ledger", "checkpoint")["chains"] == 2
    purged(fugace, shop, 13)
    assert fugace("ledger", "export", shop, "--out", str(file)).exit_code == 0
    key.write_text(fugace("ledger", "key").stdout)

    proved = fugace.json("ledger", "verify", str(file), "--key", str(key))

    assert (proved["entries"], proved["signed_entries"], proved["key_trusted"]) == (3, 2, True)
    assert proved["environment"] == fugace.environment
    assert other not in file.read_text()


def test_a_day_has_one_checkpoint(fugace: Terminal, shop: str) -> None:
    """What was signed for today is not signed over by hand either."""
    assert fugace.json("ledger", "checkpoint")["new"]
    purged(fugace, shop, 1)

    again = fugace.json("ledger", "checkpoint")

    assert (again["new"], again["chains"]) == (False, 1)


def test_who_has_no_ledger_is_said_so(fugace: Terminal) -> None:
    """An empty file would look like an empty past."""
    sentence = fugace.refused("ledger", "export", "ten_nobodynobodynobo")

    assert sentence == f"fugace: There is no ledger of ten_nobodynobodynobo in the environment {fugace.environment}."


def test_an_entry_that_was_changed_in_its_table_is_said_so(fugace: Terminal, shop: str) -> None:
    """There is no export of it, rather than one that hides it or a traceback."""
    shared().client("dynamodb").update_item(
        TableName=f"fugace-{fugace.environment}-ledger",
        Key={"tenant": {"S": shop}, "seq": {"N": "1"}},
        UpdateExpression="SET entry = :text",
        ExpressionAttributeValues={":text": {"S": "{}"}},
    )

    assert "was changed in its table" in fugace.refused("ledger", "export", shop)


def test_a_chain_that_was_written_anew_is_an_error(
    fugace: Terminal, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever makes a checkpoint by hand has to see it, and a script has to stop."""
    made = Made(datetime(2026, 1, 15, tzinfo=UTC), 1, 0, (TenantId(shop),))
    monkeypatch.setattr(Checkpointing, "run", lambda _self: made)

    result = fugace("ledger", "checkpoint", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["rewritten"] == [shop]
    assert "do not continue what was signed before" in result.stderr


def test_another_bucket_can_be_named(fugace: Terminal, shop: str) -> None:
    """For whoever may not ask which account it is, and for one whose deployment names it otherwise."""
    bucket = f"{fugace.environment}-other"
    where = {"LocationConstraint": shared().region}
    shared().client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    fugace.json("ledger", "checkpoint", "--bucket", bucket)

    assert len(lines(fugace("ledger", "export", shop, "--bucket", bucket).stdout)) == 2
    assert len(lines(fugace("ledger", "export", shop).stdout)) == 1


def test_an_environment_without_a_ledger_is_said_so(fugace: Terminal) -> None:
    """A mistyped name ends in a sentence."""
    for words in (("key",), ("checkpoint",), ("export", "ten_shopshopshopshop")):
        assert "--environment" in fugace.refused("ledger", *words, "--environment", "nowhere")
