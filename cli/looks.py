"""Where the truth about an environment is: queues, tables, logs, the ledger's bucket; and alarms, where there are any.

On a laptop nothing is made of metrics in log lines, so alarms see little there: what they would say is read directly.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cli import options, output
from cli.backlog import Backlog
from cli.faults import CliError
from cli.logs import Logs
from cli.picture import Part, Row
from fugace.adapters.session import shared
from fugace.domain.case import Case
from fugace.domain.checkpoint import Checkpoint
from fugace.edge import wiring
from fugace.edge.settings import Settings

DEAD = ("-dead", "-failures")
LATE = timedelta(minutes=15)
"""The oldest body of a queue, as the alarms have it."""
LAG = timedelta(hours=1)
NEAR = timedelta(days=7)
RECENT = timedelta(minutes=10)
FEW, SHARE = 5, 0.2
"""Attempts that a carrier did not take: as many, and as large a part of all."""
MOST_TENANTS = 2_000
"""Requests of so many tenants are looked at."""

_EARLY = timedelta(minutes=10)
"""How far behind now reconcile keeps itself."""
_PATIENCE = {
    "reconcile": (timedelta(minutes=20), "not-woken"),
    "plan": (timedelta(minutes=45), "purge-silent"),
    "watch": (timedelta(minutes=45), "requests-stuck"),
    "checkpoint": (timedelta(hours=26), "ledger-unsigned"),
}
"""After how long it is missed that a pass ended well, and in which runbook."""
_BEHIND = {
    "notify": "tenants-untold",
    "callbacks": "tenants-untold",
    "receipts": "receipts-missing",
    "sweep": "purge-late",
}
_DEPTHS = {
    "waiting": "ApproximateNumberOfMessages",
    "later": "ApproximateNumberOfMessagesDelayed",
    "in_hand": "ApproximateNumberOfMessagesNotVisible",
}


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks at one environment, at one time."""

    environment: str
    settings: Settings
    now: datetime

    @property
    def _logs(self) -> Logs:
        return Logs(self.environment, self.now)

    def alarms(self) -> Part:
        """Causes in alarm, with the alarms behind them. A condition that is no fault is behind none."""
        found = list(self._in_alarm())
        leaves = sorted(each["AlarmName"] for each in found if "AlarmRule" not in each)
        part, rows = Part(), []
        for each in found:
            if each.get("AlarmRule") and each.get("AlarmActions"):
                cause, runbook = self._short(each["AlarmName"]), each["AlarmDescription"].rpartition(" ")[2]
                behind = [self._short(name) for name in leaves if f"ALARM({name})" in each["AlarmRule"]]
                rows.append({"cause": cause, "alarms": " ".join(behind), "runbook": runbook})
                part.complain(f"{cause} is in alarm", runbook)
        part.rows = rows
        return part

    def _in_alarm(self) -> Iterator[Mapping[str, Any]]:
        asked = {"AlarmNamePrefix": self._named(""), "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
        pages = shared().client("cloudwatch").get_paginator("describe_alarms")
        for page in pages.paginate(**asked, StateValue="ALARM"):
            found = (*page.get("CompositeAlarms", ()), *page.get("MetricAlarms", ()))
            yield from (each for each in found if each["StateValue"] == "ALARM")

    def _named(self, key: str) -> str:
        return f"fugace-{self.environment}-{key}"

    def _short(self, name: str) -> str:
        return name.rpartition("/")[2].removeprefix(self._named(""))

    def queues(self) -> Part:
        """What waits, what is in hand, and how old the oldest body is, where CloudWatch knows."""
        urls = self._urls()
        if not urls:
            raise CliError("There is no such environment in this account and Region: check --environment.")
        with ThreadPoolExecutor(8) as pool:
            depths = dict(zip(map(self._short, urls), pool.map(_depth, urls), strict=True))
        ages = self._ages(sorted(depths))
        part = Part([{"queue": name, **depths[name], "age_seconds": ages.get(name)} for name in sorted(depths)])
        for name, depth in sorted(depths.items()):
            age = ages.get(name, 0)
            if name.endswith(DEAD) and depth["waiting"]:
                part.complain(f"{name} has {depth['waiting']} dead letters", "dead-letters")
            elif not name.endswith(DEAD) and age > LATE.total_seconds():
                part.complain(f"{name} has waited for {age} seconds", _BEHIND.get(name, "carrier-failing"))
        return part

    def _urls(self) -> list[str]:
        pages = shared().client("sqs").get_paginator("list_queues")
        found = pages.paginate(QueueNamePrefix=self._named(""), PaginationConfig={"PageSize": 1000})
        return [url for page in found for url in page.get("QueueUrls", ())]

    def _ages(self, names: Sequence[str]) -> dict[str, int]:
        """SQS itself does not say how old its oldest body is: only its metric does."""
        asked = [_age_of(f"q{number}", self._named(name)) for number, name in enumerate(names)]
        times = {"StartTime": self.now - RECENT, "EndTime": self.now, "ScanBy": "TimestampDescending"}
        told = shared().client("cloudwatch").get_metric_data(MetricDataQueries=asked, **times)["MetricDataResults"]
        found = {each["Id"]: int(each["Values"][0]) for each in told if each["Values"]}
        return {name: found[f"q{number}"] for number, name in enumerate(names) if f"q{number}" in found}

    def carriers(self) -> Part:
        """What each did not take in the last minutes, of what dispatch wrote down itself."""
        names = [self._short(url).removeprefix("carrier-") for url in self._urls() if "-carrier-" in url]
        words = ("CarrierFailed", "dispatched")
        lines = [line for word in words for line in self._logs.lines("dispatch", word, RECENT)]
        attempts = sum(line.get(word, 0) for line in lines if "event" in line for word in ("count", "retried"))
        part, rows = Part(), []
        for carrier in sorted(name for name in names if not name.endswith(DEAD)):
            own = [line for line in lines if line.get("carrier") == carrier]
            failed = int(sum(sum(line.get("CarrierFailed", ())) for line in own))
            rows.append({"carrier": carrier, "not_taken": failed})
            if failed >= FEW and failed >= SHARE * attempts:
                part.complain(f"{carrier} did not take {failed} attempts in ten minutes", "carrier-failing")
        part.rows = rows
        return part

    def heartbeats(self) -> Part:
        """When each recurring pass last ended well."""
        beats = {
            "reconcile": self._logs.last("reconcile", "reconciled"),
            "plan": self._logs.last("plan", "planned"),
            "watch": self._logs.last("watch", "watched"),
            "checkpoint": self._signed(),
        }
        began = self._logs.began("reconcile")
        part, rows = Part(), []
        for name, (patience, runbook) in _PATIENCE.items():
            at = beats[name]
            rows.append({"pass": name, "last": output.time(at)})
            since = at or began  # a new environment has had no time yet
            if since and self.now - since > patience:
                part.complain(f"{name} has not ended well for more than {patience}", runbook)
        reached = wiring.tenants(self.settings).watermark("early")
        if reached and (behind := self.now - reached - _EARLY) > LAG:
            part.complain(f"reconcile is {behind} behind, though it may end well", "receipts-missing")
        part.rows = rows
        return part

    def _signed(self) -> datetime | None:
        """When the newest checkpoint was signed."""
        kept = wiring.checkpoints(options.ledger_settings(self.environment, ""))
        found = kept.last(self.now + timedelta(days=1))
        return Checkpoint.read(found).statement.at if found else None

    def purge(self) -> Part:
        """What is due, by kind, and how late."""
        part = Part(Backlog.read(self.settings, self.now).rows(self.now))
        for row in part.rows:
            if int(str(row["lag_seconds"])) > LAG.total_seconds():
                part.complain(f"{row['kind']} has been over for {row['lag_seconds']} seconds", "purge-late")
        return part

    def requests(self) -> Part:
        """Each tenant's most urgent request, where it is near its date or past it."""
        tenants = wiring.tenants(self.settings).everyone()
        if len(tenants) > MOST_TENANTS:
            raise CliError(f"There are more than {MOST_TENANTS} tenants: see the alarm request-near-date.")
        filed = wiring.requests(self.settings)
        with ThreadPoolExecutor(16) as pool:
            found = list(pool.map(lambda tenant: filed.open(tenant.id, after=None, limit=1), tenants))
        near = sorted((case for cases in found for case in cases if case.due - self.now < NEAR), key=_due)
        part = Part([_request(case) for case in near])
        for case in near:
            when = "has been due since" if case.due < self.now else "is due at"
            part.complain(f"request {case.key.id} {when} {output.time(case.due)}", "request-near-date")
        return part


def _due(case: Case) -> datetime:
    return case.due


def _request(case: Case) -> Row:
    key = case.key
    return {"tenant": key.tenant, "request": key.id, "state": case.state.value, "due": output.time(case.due)}


def _depth(url: str) -> dict[str, int]:
    asked = {"QueueUrl": url, "AttributeNames": list(_DEPTHS.values())}
    found = shared().client("sqs").get_queue_attributes(**asked)["Attributes"]
    return {word: int(found[name]) for word, name in _DEPTHS.items()}


def _age_of(number: str, queue: str) -> dict[str, Any]:
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": queue}],
    }
    return {"Id": number, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
