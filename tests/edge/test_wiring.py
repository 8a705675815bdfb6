"""The wiring gives every port an adapter, from the variables that a function has, and asks AWS for nothing."""

import json
from typing import Any

import pytest

from fugace.adapters.session import shared
from fugace.edge import wiring
from fugace.edge.settings import MissingSettingError, Settings

CARRIERS: list[dict[str, str]] = [
    {
        "name": name,
        "adapter": name,
        "url": "http://127.0.0.1:4570",
        "queue": f"https://sqs.eu-west-3.amazonaws.com/000000000000/fugace-test-carrier-{name}",
        "secret": f"fugace/test/carrier/{name}",
    }
    for name in ("simulator", "simulator-account")
]
VARIABLES = {
    "FUGACE_ENVIRONMENT": "test",
    "TENANTS_TABLE": "fugace-test-tenants",
    "MESSAGES_TABLE": "fugace-test-messages",
    "SUBJECT_KEYS_TABLE": "fugace-test-subject-keys",
    "PURGE_TABLE": "fugace-test-purge",
    "LEDGER_TABLE": "fugace-test-ledger",
    "CASES_TABLE": "fugace-test-cases",
    "EXPORTS_BUCKET": "fugace-test-exports-000000000000-eu-west-3",
    "LEDGER_BUCKET": "fugace-test-ledger-000000000000-eu-west-3",
    "LEDGER_KEY": "alias/fugace-test-ledger",
    "CERTIFICATE_KEY": "alias/fugace-test-certificates",
    "SWEEP_QUEUE": "https://sqs.eu-west-3.amazonaws.com/000000000000/fugace-test-sweep",
    "CARRIERS": json.dumps(CARRIERS),
    "NOTIFY_QUEUE": "https://sqs.eu-west-3.amazonaws.com/000000000000/fugace-test-notify",
    "RECEIPTS_QUEUE": "https://sqs.eu-west-3.amazonaws.com/000000000000/fugace-test-receipts",
    "PUBLIC_URL": "https://api.example/live/",
    "SCHEDULE_GROUP": "fugace-test",
    "SCHEDULE_ROLE": "arn:aws:iam::000000000000:role/schedules",
    "REQUEST_MACHINE": "arn:aws:states:eu-west-3:000000000000:stateMachine:fugace-test-request",
    "CALLBACK_QUEUE": "https://sqs.eu-west-3.amazonaws.com/000000000000/fugace-test-callbacks",
    "WAITING": "P1D",
    "LEAVE_WAITING": "P7D",
    "WEBHOOK_EXCEPTIONS": "http://127.0.0.1:4571 http://localhost:4571",
}


@pytest.fixture
def settings() -> Settings:
    return Settings(VARIABLES)


@pytest.mark.parametrize(
    "port",
    [
        *("tenants", "messages", "webhooks", "vault", "disposal", "agenda"),
        *("departures", "key_chain", "tallies", "statistics", "policies", "holds", "old_keys"),
        *("ledger", "checkpoints", "signer", "sweep_queue", "exports", "cases", "objections"),
        *("requests", "recalls", "persons", "case_seals", "case_shredder", "archives", "archive_shredder", "estate"),
        *("machine", "certifier", "callback_queue", "amendments", "quarantine"),
        *("timer", "web", "notify_queue", "receipts_queue", "carrier_queues"),
    ],
)
def test_every_port_has_an_adapter_that_costs_no_request(settings: Settings, port: str) -> None:
    """A cold start asks for nothing: the socket guard would notice."""
    assert getattr(wiring, port)(settings)


@pytest.mark.parametrize("port", ["tenants", "messages", "webhooks", "vault", "timer", "web", "carriers", "terms"])
def test_an_adapter_is_made_once(settings: Settings, port: str) -> None:
    """What it holds, such as keys and connections, is worth keeping."""
    assert getattr(wiring, port)(settings) is getattr(wiring, port)(settings)


def test_a_variable_that_is_not_set_is_named() -> None:
    """No default: a function that was deployed without a table must not find another."""
    with pytest.raises(MissingSettingError, match=r"^TENANTS_TABLE$"):
        wiring.tenants(Settings({}))


@pytest.mark.parametrize("broken", ["", "{", "[1]", '[{"name": "x"}]', '[{"name": "x", "password": "hunter2"}]'])
def test_carriers_that_cannot_be_read_are_named_and_not_quoted(broken: str) -> None:
    """The message is the variable's name alone."""
    with pytest.raises(MissingSettingError, match=r"^CARRIERS$"):
        _ = Settings({"CARRIERS": broken}).carriers


def test_texts_are_read_into_types(settings: Settings) -> None:
    """Once, here, and not where they are used."""
    assert settings.public_url == "https://api.example/live"
    assert settings.webhook_exceptions == ("http://127.0.0.1:4571", "http://localhost:4571")
    assert [carrier.name for carrier in settings.carriers] == ["simulator", "simulator-account"]


def test_later_changes_of_the_environment_are_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a snapshot."""
    monkeypatch.setenv("TENANTS_TABLE", "one")
    settings = Settings.read()
    monkeypatch.setenv("TENANTS_TABLE", "two")

    assert settings.tenants_table == "one"


class FakeCredentials:
    """Secrets that change when they are told to."""

    def __init__(self) -> None:
        self.secret: dict[str, str] = {"token": "t", "signing": "s"}
        self.asked: list[str] = []

    def get(self, name: str) -> dict[str, str]:
        self.asked.append(name)
        return self.secret


def test_a_carrier_is_made_of_its_own_secret_when_it_is_asked_for(settings: Settings) -> None:
    """A function that never calls a carrier needs no right to its secret."""
    credentials: Any = FakeCredentials()
    carriers = wiring.Carriers(settings.carriers, credentials)

    assert list(carriers) == ["simulator", "simulator-account"]
    assert credentials.asked == []
    assert carriers["simulator"] is carriers["simulator"]
    assert set(credentials.asked) == {"fugace/test/carrier/simulator"}


def test_a_new_secret_makes_a_new_carrier(settings: Settings) -> None:
    """Rotation needs no deployment."""
    credentials: Any = FakeCredentials()
    carriers = wiring.Carriers(settings.carriers, credentials)
    before = carriers["simulator"]
    credentials.secret = {"token": "t2", "signing": "s2"}

    assert carriers["simulator"] is not before


def test_a_carrier_that_is_not_configured_is_none(settings: Settings) -> None:
    """A name from a URL is not to be trusted."""
    carriers = wiring.Carriers(settings.carriers, FakeCredentials())  # type: ignore[arg-type]  # a fake of it

    assert carriers.get("nobody") is None


def test_terms_need_no_secret(settings: Settings) -> None:
    """Whoever only wants to know what a carrier offers has no right to its credentials."""
    found = wiring.terms(settings)

    assert {name: terms.deduplicates for name, terms in found.items()} == {
        "simulator": False,
        "simulator-account": True,
    }


def test_queues_are_known_by_name_and_by_carrier(settings: Settings) -> None:
    """A function that a queue wakes sees the queue's ARN, and needs the carrier's name."""
    assert wiring.queue_names(settings)["fugace-test-carrier-simulator-account"] == "simulator-account"
    assert set(wiring.carrier_queues(settings)) == {"simulator", "simulator-account"}


def test_simulators_are_known_by_adapter_not_by_name() -> None:
    """A test key's message must not go to a real carrier that somebody named `simulator`."""
    rows = [{**CARRIERS[0], "adapter": "real"}, {**CARRIERS[1], "name": "lab"}]

    assert wiring.simulators(Settings({"CARRIERS": json.dumps(rows)})) == {"lab"}


def test_what_aws_denies_is_taken_from_the_session_that_was_asked() -> None:
    """Where nothing was asked there is none, and none is made for it: a cold start would pay."""
    shared.cache_clear()
    assert dict(wiring.denials()) == {}
    assert shared.cache_info().currsize == 0

    shared().denials._count("kms", "Throttled")

    assert dict(wiring.denials()) == {("kms", "Throttled"): 1}
    assert dict(wiring.denials()) == {}
    shared.cache_clear()
