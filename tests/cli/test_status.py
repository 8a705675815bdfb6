"""`fugace status`: what an operator sees in one look, and what a script reads from how it ends."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.cloudwatch.models import cloudwatch_backends
from moto.core import DEFAULT_ACCOUNT_ID

from cli import looks, options
from fugace.adapters.dynamo.transactions import transact
from fugace.adapters.dynamo.writes import items_of
from fugace.adapters.session import shared
from fugace.domain.case import Case, CaseKey, CaseState, Identity, Right
from fugace.domain.ids import TenantId
from fugace.edge import wiring
from fugace.edge.settings import Settings
from tests.cli.conftest import Terminal

MINUTE = timedelta(minutes=1)
RUNBOOK = "https://wiki.example/runbooks#api-failing"
ALARM: dict[str, Any] = {
    "namespace": "Fugace",
    "metric_name": "Bug",
    "statistic": "Sum",
    "period": 300,
    "evaluation_periods": 1,
    "threshold": 1,
    "comparison_operator": "GreaterThanOrEqualToThreshold",
    "dimensions": [],
}


ENDED = {"reconcile": "reconciled", "plan": "planned", "watch": "watched"}
"""What each pass writes when it has ended well."""


class Deployed:
    """An environment in which all is well, and what can happen to it."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal, self.environment = terminal, terminal.environment
        self.settings: Settings = options.settings(terminal.environment)
        for queue in ("notify", "notify-dead", "carrier-simulator-dead"):
            shared().client("sqs").create_queue(QueueName=f"fugace-{self.environment}-{queue}")
        self.ran("reconcile", "plan", "watch")

    def ran(self, *passes: str, ago: timedelta = MINUTE) -> None:
        """These ended well."""
        at = datetime.now(UTC) - ago
        wiring.tenants(self.settings).advance("early", at - timedelta(minutes=10))
        for name in passes:
            self.log(name, {"event": ENDED[name]}, at)

    def log(self, function: str, line: dict[str, Any], at: datetime | None = None) -> None:
        logs, group = shared().client("logs"), f"/fugace/{self.environment}/{function}"
        try:
            logs.create_log_group(logGroupName=group)
            logs.create_log_stream(logGroupName=group, logStreamName="one")
        except logs.exceptions.ResourceAlreadyExistsException:
            pass
        stamp = int((at or datetime.now(UTC)).timestamp() * 1000)
        events = [{"timestamp": stamp, "message": json.dumps(line)}]
        logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)

    def send(self, queue: str) -> None:
        url = shared().client("sqs").get_queue_url(QueueName=f"fugace-{self.environment}-{queue}")["QueueUrl"]
        shared().client("sqs").send_message(QueueUrl=url, MessageBody="{}")

    def alarm(self, name: str, state: str, of: str = "", *, speaks: bool = False) -> None:
        """Moto's CloudWatch has composite alarms, but no request that makes one."""
        cloudwatch_backends[DEFAULT_ACCOUNT_ID][shared().region].put_metric_alarm(
            name=f"fugace-{self.environment}-{name}",
            description=f"Calls fail. {RUNBOOK}",
            alarm_actions=["arn:aws:sns:eu-west-3:123456789012:alarms"] if speaks else [],
            rule=" OR ".join(f"ALARM(fugace-{self.environment}-{each})" for each in of.split()) or None,
            **ALARM,
        ).update_state("test", "{}", state)

    def seen(self) -> tuple[int, dict[str, Any]]:
        """How it ends, and what a program reads."""
        result = self.terminal("status", "--json")
        return result.exit_code, json.loads(result.stdout)

    def wrong(self) -> list[tuple[str, str]]:
        code, seen = self.seen()
        assert code == 1
        assert seen["state"] == "wrong"
        return [(each["what"], each["runbook"]) for each in seen["wrong"]]


@pytest.fixture
def deployed(fugace: Terminal) -> Deployed:
    return Deployed(fugace)


def test_all_is_well(deployed: Deployed) -> None:
    """A script goes on; a person reads three words first."""
    code, seen = deployed.seen()

    assert (code, seen["state"], seen["wrong"], seen["unknown"]) == (0, "well", [], [])
    assert deployed.terminal("status").stdout.startswith("All is well.")


def test_a_dead_letter_is_wrong(deployed: Deployed) -> None:
    """Read from the queue itself, whether or not an alarm has seen it yet."""
    deployed.send("notify-dead")

    assert deployed.wrong() == [("notify-dead has 1 dead letters", "docs/runbooks.md#dead-letters")]
    assert "notify-dead has 1 dead letters" in deployed.terminal("status").stdout


def test_what_waits_is_shown_and_is_not_wrong(deployed: Deployed) -> None:
    """A queue is there for waiting."""
    deployed.send("notify")

    code, seen = deployed.seen()

    assert code == 0
    depths = {row["queue"]: row["waiting"] for row in seen["queues"]}
    assert depths == {"carrier-simulator": 0, "carrier-simulator-dead": 0, "notify": 1, "notify-dead": 0}


def test_an_old_body_is_wrong(deployed: Deployed) -> None:
    """Where CloudWatch knows how old it is."""
    shared().client("cloudwatch").put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": f"fugace-{deployed.environment}-notify"}],
                "Value": 1200.0,
                "Timestamp": datetime.now(UTC) - 2 * MINUTE,
            }
        ],
    )

    assert deployed.wrong() == [("notify has waited for 1200 seconds", "docs/runbooks.md#tenants-untold")]


def test_a_cause_in_alarm_is_told_with_its_alarms_and_its_runbook(deployed: Deployed) -> None:
    """What speaks, and what is behind it; an alarm that is a condition, or silent, is not told."""
    for name, state in (("send-bugs", "ALARM"), ("send-errors", "OK"), ("receive-quiet", "ALARM")):
        deployed.alarm(name, state)
    deployed.alarm("api-failing", "ALARM", "send-bugs send-errors", speaks=True)
    deployed.alarm("acute", "ALARM", "api-failing")

    code, seen = deployed.seen()

    assert code == 1
    assert seen["alarms"] == [{"cause": "api-failing", "alarms": "send-bugs", "runbook": RUNBOOK}]
    assert seen["wrong"] == [{"what": "api-failing is in alarm", "runbook": RUNBOOK}]


def test_a_carrier_that_takes_nothing_is_wrong(deployed: Deployed) -> None:
    """As dispatch has written it down itself: on a laptop no metric is made of it."""
    for _ in range(5):
        deployed.log("dispatch", {"service": "dispatch", "carrier": "simulator", "CarrierFailed": [1.0]})
    deployed.log("dispatch", {"event": "dispatched", "count": 0, "retried": 5})

    said = "simulator did not take 5 attempts in ten minutes"
    assert deployed.wrong() == [(said, "docs/runbooks.md#carrier-failing")]


def test_a_carrier_that_takes_nearly_everything_is_not_wrong(deployed: Deployed) -> None:
    """Some attempts always fail."""
    for _ in range(5):
        deployed.log("dispatch", {"service": "dispatch", "carrier": "simulator", "CarrierFailed": [1.0]})
    deployed.log("dispatch", {"event": "dispatched", "count": 95, "retried": 5})

    assert deployed.seen()[0] == 0


@pytest.mark.parametrize(
    ("name", "runbook"), [("plan", "purge-silent"), ("watch", "requests-stuck"), ("reconcile", "not-woken")]
)
def test_a_pass_that_no_longer_ends_well_is_wrong(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, name: str, runbook: str
) -> None:
    """In two hours all of them would have to have run: those that have are well."""
    later = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr(wiring, "clock", lambda: lambda: later)
    for each in set(ENDED) - {name}:
        deployed.log(each, {"event": ENDED[each]}, later - MINUTE)
    wiring.tenants(deployed.settings).advance("early", later - 11 * MINUTE)

    ((what, where),) = deployed.wrong()

    assert what.startswith(f"{name} has not ended well for ")
    assert where == f"docs/runbooks.md#{runbook}"


def test_a_reconcile_that_ends_well_and_does_not_get_on_is_wrong(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More tenants are active than it can look at: its heartbeat goes on, and what was lost is found late."""
    later = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr(wiring, "clock", lambda: lambda: later)
    for name, event in ENDED.items():
        deployed.log(name, {"event": event}, later - MINUTE)

    ((what, where),) = deployed.wrong()

    assert what.startswith("reconcile is 2:0")
    assert where == "docs/runbooks.md#receipts-missing"


def test_what_is_over_and_still_there_is_wrong_after_an_hour(deployed: Deployed) -> None:
    """The promise; an hour is what the purge has."""
    tenant = TenantId("ten_shopshopshopshop")
    now = datetime.now(UTC)
    wiring.agenda(deployed.settings).ensure(tenant, "record/0", now - timedelta(minutes=50))
    assert deployed.seen()[0] == 0
    wiring.agenda(deployed.settings).ensure(tenant, "access", now - timedelta(hours=2))

    ((what, where),) = deployed.wrong()

    assert what.startswith("access has been over for 72")
    assert where == "docs/runbooks.md#purge-late"


@pytest.mark.parametrize(("days", "wrong"), [(-1, True), (6, True), (8, False)])
def test_a_request_near_its_date_is_wrong(deployed: Deployed, days: int, wrong: bool) -> None:
    """The month is its controller's; a week before its end somebody is to know."""
    tenant = TenantId(deployed.terminal.json("tenants", "create", "Shop")["tenant"]["id"])
    now = datetime.now(UTC)
    case = Case(
        key=CaseKey(tenant, "a7551968-d5d6-44b2-9831-815ac9017798"),
        right=Right.ACCESS,
        state=CaseState.PARTIAL,
        submitted=now - timedelta(days=20),
        received=now - timedelta(days=20),
        due=now + timedelta(days=days),
        identity=Identity.ATTESTED,
        filed_by="key_shopshopshopshop",
    )
    filed = wiring.requests(deployed.settings).file(replace(case, look_at=now))
    transact(shared(), items_of([filed]))

    code, seen = deployed.seen()

    assert code == int(wrong)
    assert [row["request"] for row in seen["requests"]] == [case.key.id] * wrong


def test_what_cannot_be_seen_is_not_well(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither 0 nor 1: a script must not go on, and nobody is to be woken for it."""

    def refused(*_: object) -> None:
        raise looks.CliError("These AWS credentials may not do that.")

    monkeypatch.setattr(looks.Looks, "alarms", refused)

    code, seen = deployed.seen()

    assert (code, seen["state"]) == (2, "unknown")
    assert seen["unknown"] == [{"what": "alarms", "why": "These AWS credentials may not do that."}]
    assert "alarms cannot be seen" in deployed.terminal("status").stdout


def test_what_is_wrong_is_said_even_where_something_cannot_be_seen(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 before 2: what is known to be wrong is enough."""

    def refused(*_: object) -> None:
        raise looks.CliError("No.")

    monkeypatch.setattr(looks.Looks, "alarms", refused)
    deployed.send("notify-dead")

    assert deployed.seen()[0] == 1


def test_an_environment_that_is_not_there_cannot_be_seen(fugace: Terminal) -> None:
    """Nothing in it is wrong, and nothing well."""
    result = fugace("status", "-e", "nowhere")

    assert result.exit_code == 2
    assert "There is no such environment" in result.stdout


def test_looks_are_taken_at_the_same_time() -> None:
    """Each waits for another service; an operator waits for the slowest alone. They meet, or this one fails."""
    from threading import Barrier  # noqa: PLC0415  # here alone

    from cli.picture import Part, Picture  # noqa: PLC0415  # beside its subject

    meeting = Barrier(3, timeout=10)

    def look() -> Part:
        meeting.wait()
        return Part()

    assert set(Picture.take(dict.fromkeys("abc", look)).parts) == {"a", "b", "c"}
