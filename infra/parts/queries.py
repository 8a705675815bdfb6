"""Questions to the logs, saved where an operator looks. What is put in by hand is an id, never a number."""

from dataclasses import dataclass

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.config import Environment
from infra.duties import DUTIES

_ALL = tuple(DUTIES)
_API = ("auth", "keys", "send", "receive", "webhooks", "retention", "requests")
_REQUESTS = tuple(name for name, duty in DUTIES.items() if duty.room == "dsar")
_SHOWN = "fields @timestamp, service, level, event, tenant, outcome, code, reason, kind, count, failed, error.0, at.0"


@dataclass(frozen=True, slots=True)
class Query:
    """One question. A word in capitals is to be replaced by an id."""

    name: str
    functions: tuple[str, ...]
    lines: tuple[str, ...]
    """In CloudWatch Logs Insights' own language."""


QUERIES = (
    Query(
        # Lines of batches have counts alone: where nothing went wrong, `GET /v1/messages/{id}` has the history.
        "one message",
        ("send", "relay", "dispatch", "receive", "receipts", "notify", "reconcile"),
        (_SHOWN, 'filter message_id = "MESSAGE"', "sort @timestamp asc"),
    ),
    Query("one request", _REQUESTS, (_SHOWN, 'filter request = "REQUEST"', "sort @timestamp asc")),
    Query(
        "one invocation", _ALL, (_SHOWN, 'filter request_id = "INVOCATION" or @requestId = "INVOCATION"', "limit 100")
    ),
    Query(
        "one tenant's keys",
        _ALL,
        (
            'filter tenant = "TENANT" and ispresent(key_id)',
            "stats count(*) as calls, max(@timestamp) as last by key_id, service, event",
            "sort calls desc",
        ),
    ),
    Query(
        "refusals by code",
        _API,
        ('filter event = "refused"', "stats count(*) as calls by service, code, http", "sort calls desc"),
    ),
    Query(
        "slowest",
        _ALL,
        (
            'filter @type = "REPORT"',
            "stats count(*) as runs, pct(@duration, 50) as p50, pct(@duration, 99) as p99, max(@duration) by @log",
            "sort p99 desc",
        ),
    ),
    Query(
        "bugs by place",
        _ALL,
        (
            "filter ispresent(error.0)",
            "stats count(*) as times, latest(@timestamp) as last by service, event, error.0, aws.1, at.0",
            "sort times desc",
        ),
    ),
    Query(
        "carriers' outcomes",
        ("dispatch", "receive"),
        (
            'filter event in ["dispatched", "received", "receipt-refused", "unknown-state"]',
            "stats sum(count) as taken, sum(retried) as later, sum(failed) as back by event, carrier, outcome, bin(5m)",
        ),
    ),
)


class Queries(Construct):
    """`fugace-E/…` in Logs Insights. A saved question holds no data; its answers are as old as the logs."""

    def __init__(self, scope: Construct, name: str, *, environment: Environment) -> None:
        super().__init__(scope, name)
        for each in QUERIES:
            logs.CfnQueryDefinition(
                self,
                each.name.replace("'", ""),
                name=f"{environment.named()}/{each.name}",
                query_string="\n| ".join(each.lines),
                log_group_names=[environment.log_group(function) for function in each.functions],
            )
