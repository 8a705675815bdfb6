"""What an operator can do from a terminal, and how it says that it cannot."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import EndpointConnectionError

from cli import messages as commands
from cli import options
from cli.watch import Watch
from fugace.adapters.session import Aws, shared
from fugace.domain import apikey, callbacks
from fugace.domain.ids import MessageId, MessageKey, TenantId, uuid7
from fugace.domain.message import Category, Change, OnUnknown, Record, Sealed, Status
from fugace.domain.msisdn import Msisdn
from fugace.edge import wiring
from tests.cli.conftest import Terminal
from tests.fakes import NOON, SHOP, FakeClock, FakeMessages, key_number, sealed_record, tenant

NUMBER = "+33639980001"


def keep(fugace: Terminal, tenant_id: str, text: str = "Your parcel is here") -> MessageKey:
    """A message, accepted just now with all its keys."""
    settings, now = options.settings(fugace.environment), datetime.now(UTC)
    key = MessageKey(TenantId(tenant_id), MessageId(uuid7(now)))
    to, vault = Msisdn.parse(NUMBER), wiring.vault(settings)
    subject = vault.subject(key.tenant, to)
    person = vault.keys_for(key.tenant, [to])[subject]
    assert person
    record = Record(
        key=key,
        subject=subject,
        epoch=person.epoch,
        sealed=Sealed(person.seal(str(key), "to", NUMBER), person.seal(str(key), "text", text)),
        anchor=now,
        history=(Change(Status.ACCEPTED, now),),
        encoding="GSM-7",
        segments=1,
        category=Category.OTP,
        carrier="simulator",
        on_unknown=OnUnknown.AT_MOST_ONCE,
        validity=timedelta(days=2),
        expires_at=now + timedelta(days=180),
        content_until=now + timedelta(days=7),
    )
    assert wiring.messages(settings).add(record) is None
    return key


def test_a_tenant_begins_with_a_key_that_works(fugace: Terminal) -> None:
    """One command, and its application can send."""
    made = fugace.json("tenants", "create", "The shop", "--key", "test")

    claim = apikey.parse(made["key"]["key"])
    assert claim
    assert (claim.tenant, claim.live) == (made["tenant"]["id"], False)
    kept = wiring.tenants(options.settings(fugace.environment)).api_key(claim.tenant, claim.key_id)
    assert kept
    assert kept.digest == apikey.digest(made["key"]["key"])


def test_the_second_tenant_gets_the_same_root_key(fugace: Terminal) -> None:
    """A new one would leave the first tenant's keys without what opens them."""
    first = fugace.json("tenants", "create", "The shop")["tenant"]["id"]
    key = keep(fugace, first)
    fugace.json("tenants", "create", "The bakery")

    assert fugace.json("messages", "show", first, key.id, "--personal")["to"] == NUMBER


def test_tenants_are_listed_and_shown(fugace: Terminal) -> None:
    """As they were created."""
    fugace.json("tenants", "create", "The shop", "--content-retention", "PT0S", "--record-retention", "P3M")
    second = fugace.json("tenants", "create", "The bakery", "--key", "live")["tenant"]["id"]

    listed = fugace.json("tenants", "list")
    assert [each["name"] for each in listed] == ["The shop", "The bakery"]
    assert (listed[0]["content_retention"], listed[0]["record_retention"]) == ("PT0S", "P3M")
    assert fugace.json("tenants", "show", second)["usable_keys"] == 1


def test_a_tenant_of_no_carrier_is_refused(fugace: Terminal) -> None:
    """A slip of the pen would be noticed by its first customer."""
    assert fugace.refused("tenants", "create", "X", "--carrier", "simulatr") == (
        f"fugace: The environment {fugace.environment} has no carrier simulatr."
    )
    assert fugace.json("tenants", "list") == []


@pytest.mark.parametrize("option", ["--content-retention", "--record-retention"])
def test_a_duration_that_is_none_is_refused(fugace: Terminal, option: str) -> None:
    """Before anything is written."""
    assert "ISO 8601" in fugace.refused("tenants", "create", "X", option, "7 days")


def test_a_key_is_shown_once_and_can_be_revoked(fugace: Terminal) -> None:
    """The list never has it again."""
    shop = fugace.json("tenants", "create", "The shop")["tenant"]["id"]
    made = fugace.json("keys", "create", shop, "--role", "sender", "--mode", "live", "--expires", "2099-12-31")

    assert made["expires"] == "2100-01-01T00:00:00.000Z"
    (listed,) = fugace.json("keys", "list", shop)
    assert listed == {name: value for name, value in made.items() if name != "key"}
    assert fugace.json("keys", "revoke", shop, made["id"])["revoked"]


@pytest.mark.parametrize("day", ["2026-02-30", "tomorrow", "2020-01-01"])
def test_a_key_that_could_not_be_used_is_not_made(fugace: Terminal, day: str) -> None:
    """A wrong date, or one that has passed."""
    shop = fugace.json("tenants", "create", "The shop")["tenant"]["id"]

    fugace.refused("keys", "create", shop, "--role", "sender", "--mode", "live", "--expires", day)
    assert fugace.json("keys", "list", shop) == []


def test_a_message_is_shown_without_its_person(fugace: Terminal) -> None:
    """Number and text are asked for by name; `--personal` is a word that shows in a shell's history."""
    shop = fugace.json("tenants", "create", "The shop")["tenant"]["id"]
    key = keep(fugace, shop)

    shown = fugace("messages", "show", shop, key.id).stdout
    assert "accepted" in shown
    assert NUMBER not in shown
    assert "parcel" not in shown
    opened = fugace.json("messages", "show", shop, key.id, "--personal")
    assert (opened["to"], opened["text"], opened["reference"]) == (NUMBER, "Your parcel is here", None)
    assert [change["status"] for change in opened["history"]] == ["accepted"]


def test_another_tenants_message_is_not_there(fugace: Terminal) -> None:
    """I8 holds for typing errors of operators, too."""
    shop = fugace.json("tenants", "create", "The shop")["tenant"]["id"]
    bakery = fugace.json("tenants", "create", "The bakery")["tenant"]["id"]

    assert "no such message" in fugace.refused("messages", "show", bakery, keep(fugace, shop).id)


def test_the_tail_of_a_tenant_is_its_latest_changes(fugace: Terminal) -> None:
    """A line each; with a state, those into it alone."""
    shop = fugace.json("tenants", "create", "The shop")["tenant"]["id"]
    first, second = keep(fugace, shop), keep(fugace, shop)
    wiring.messages(options.settings(fugace.environment)).note(first, Change(Status.DELIVERED, datetime.now(UTC)))

    lines = [json.loads(line) for line in fugace("messages", "tail", shop, "--no-follow", "--json").stdout.splitlines()]
    assert sorted((line["id"], line["status"]) for line in lines) == sorted(
        [(first.id, "accepted"), (first.id, "delivered"), (second.id, "accepted")]
    )
    assert first.id in fugace("messages", "tail", shop, "--no-follow", "--status", "delivered").stdout


def test_a_tail_goes_on_until_it_is_stopped(fugace: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens meanwhile is shown, once; Ctrl-C is no error."""
    shop = fugace.json("tenants", "create", "The shop")["tenant"]["id"]
    key = keep(fugace, shop)

    def meanwhile() -> Iterator[None]:
        yield
        wiring.messages(options.settings(fugace.environment)).note(key, Change(Status.SUBMITTED, datetime.now(UTC)))
        yield
        raise KeyboardInterrupt

    steps = meanwhile()
    next(steps)
    monkeypatch.setattr(commands.time, "sleep", lambda _: next(steps))
    result = fugace("messages", "tail", shop)

    assert result.exit_code == 0
    assert [line.split()[2] for line in result.stdout.splitlines()] == ["accepted", "submitted"]


def test_a_watch_lets_go_of_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory and reads stay the same however long it runs."""
    monkeypatch.setattr("cli.watch.MOST", 3)
    clock = FakeClock(NOON + timedelta(hours=1))
    records = [sealed_record(key=key_number(n), at=NOON + timedelta(minutes=n)) for n in range(5)]
    watch = Watch(FakeMessages(clock, *records), replace(tenant(), id=SHOP), NOON)

    assert [seen.record.key for seen in watch.news(clock())] == [key_number(n) for n in (2, 3, 4)]
    assert watch.news(clock()) == []


def test_an_unknown_tenant_is_a_sentence(fugace: Terminal) -> None:
    """For every command that names one."""
    for words in (("tenants", "show"), ("keys", "list"), ("messages", "tail")):
        assert (
            fugace.refused(*words, SHOP)
            == f"fugace: There is no tenant {SHOP} in the environment {fugace.environment}."
        )


def test_an_unknown_environment_is_a_sentence(fugace: Terminal) -> None:
    """DynamoDB says that a table was not found, which is not what was mistyped."""
    assert "There is no such environment" in fugace.refused("tenants", "list", env={"FUGACE_ENVIRONMENT": "mito"})


def test_missing_credentials_are_a_sentence(fugace: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way out."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    nobody = Aws()
    monkeypatch.setattr(wiring, "_aws", lambda: nobody)

    assert "No AWS credentials were found" in fugace.refused("tenants", "list")


def test_an_endpoint_that_is_down_is_a_sentence(fugace: Terminal) -> None:
    """The laptop's AWS is not running: no traceback of eighty lines."""

    def down(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://127.0.0.1:4566")

    events = shared().client("dynamodb").meta.events
    events.register_first("before-send.dynamodb", down)
    try:
        assert "cannot be reached" in fugace.refused("tenants", "list")
    finally:
        events.unregister("before-send.dynamodb", down)


def test_a_table_for_people_has_no_json(fugace: Terminal) -> None:
    """And says so where there is nothing."""
    assert fugace("tenants", "list").stdout == "none\n"
    shop = fugace.json("tenants", "create", "The shop")["tenant"]["id"]
    listed = fugace("tenants", "list").stdout
    assert "The shop" in listed
    assert shop in listed  # whole, however narrow the terminal


def test_a_carrier_is_told_where_to_report(fugace: Terminal) -> None:
    """One callback for the whole account: a URL with a proof of ours, which another environment would not take."""
    fugace.json("tenants", "create", "The shop")
    url = fugace("carriers", "callback", "simulator", "--api", "https://api.example/live/").output.strip()

    token = url.removeprefix("https://api.example/live/dlr/simulator/")
    vault = wiring.vault(options.settings(fugace.environment))
    assert token == callbacks.token(vault.sign, "simulator", callbacks.ACCOUNT)


def test_a_carrier_that_there_is_not_is_told_nothing(fugace: Terminal) -> None:
    """A URL for a mistyped name would never be answered."""
    fugace.json("tenants", "create", "The shop")
    result = fugace("carriers", "callback", "simulatr", "--api", "https://api.example/live")

    assert result.exit_code == 1
    assert "no carrier simulatr" in result.output
