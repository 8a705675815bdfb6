"""A page for each journey, and one that leads to them. Drawn from what is watched: a graph explains an alarm."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.parts.causes import OVERDUE, Journey, causes
from infra.parts.complaints import COMPLAINTS
from infra.parts.metrics import TABLES, Metrics, dead_queues, live_queues
from infra.parts.paging import Paging

DEPENDENCIES = ("dynamodb", "kms", "sqs", "scheduler", "s3", "secrets-manager", "sfn", "other")
"""Services of AWS that functions ask, by the SDK's names."""

RECEIPTS = (
    ("UnknownState", "receive"),
    ("UnknownReceipt", "receive"),
    ("RepeatedReceipt", "receive"),
    ("LateReceipt", "receive"),
    ("NoReceipt", "reconcile"),
    ("RelayedAgain", "reconcile"),
)
DELETED = ("record", "content", "access", "statistics", "exports", "cases", "objections", "keys")
UNTOLD = (("WebhookDisabled", "notify"), ("EventGivenUp", "notify"))
RUNS = (
    *("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"),
    "ExecutionThrottled",
)
API = ("auth", "keys", "send", "receive", "webhooks", "retention", "requests")

Drawn = dict[Journey, Callable[[], Iterator[cloudwatch.GraphWidget]]]

PAGES: dict[Journey, tuple[str, ...]] = {
    "send": ("auth", "keys", "send", "relay", "dispatch"),
    "report": ("receive", "receipts", "reconcile", "notify", "webhooks"),
    "purge": ("retention", "plan", "sweep", "tally", "checkpoint"),
    "request": (
        *("requests", "settle", "verify", "export", "erase", "recall", "amend", "certify", "watch", "callback"),
        *("depart", "leave", "restore"),
    ),
}
"""The functions of each journey: a function is drawn on one page."""


class Dashboards(Construct):
    """`fugace-E` and `fugace-E-send`, `-report`, `-purge`, `-request`. Dimensions are bounded: no tenant is on them."""

    def __init__(self, scope: Construct, name: str, *, metrics: Metrics, paging: Paging) -> None:
        super().__init__(scope, name)
        self._metrics, self._environment = metrics, metrics.environment
        self._paging = paging
        graphs: Drawn = {"send": self._send, "report": self._report, "purge": self._purge, "request": self._request}
        for journey, drawn in graphs.items():
            page = cloudwatch.Dashboard(self, journey.title(), dashboard_name=self._environment.named(journey))
            page.add_widgets(self._states(page, journey), *drawn(), *self._functions(journey))
        page = cloudwatch.Dashboard(self, "Page", dashboard_name=self._environment.named())
        woken = self._state(page, "What somebody was woken for", self._paging.made)
        page.add_widgets(self._links(), woken, *self._overview())

    def _links(self) -> cloudwatch.TextWidget:
        names = [self._environment.named(journey) for journey in PAGES]
        lines = "\n".join(f"- [{name}](#dashboards:name={name})" for name in names)
        return cloudwatch.TextWidget(markdown=f"{lines}\n\n{self._environment.runbooks}", width=24, height=4)

    def _states(self, page: Construct, journey: Journey) -> cloudwatch.AlarmStatusWidget:
        """The causes of a journey."""
        own = [cause.name for cause in causes(self._environment) if journey in cause.journeys]
        return self._state(page, "What is wrong", own)

    def _state(self, page: Construct, title: str, names: Iterable[str]) -> cloudwatch.AlarmStatusWidget:
        made, by_arn = self._paging.made, cloudwatch.CompositeAlarm.from_composite_alarm_arn
        shown = [by_arn(page, name, made[name].attr_arn) for name in names]
        return cloudwatch.AlarmStatusWidget(title=title, alarms=shown, width=24, height=3)

    def _overview(self) -> Iterator[cloudwatch.GraphWidget]:
        metrics = self._metrics
        yield _graph("Calls", [metrics.api(word, "Sum") for word in ("Count", "4XXError", "5XXError")])
        yield self._waiting("Seconds waited, by queue", live_queues(self._environment))
        yield self._dead("Dead letters", dead_queues(self._environment))
        yield _graph(
            "Denied by AWS, after all repeats",
            [metrics.denied(word, each) for word in ("Throttled", "Unreached") for each in DEPENDENCIES],
        )
        throttles = [metrics.table(f"{word}ThrottleEvents", table) for word in ("Read", "Write") for table in TABLES]
        yield _graph("Throttled, by table", throttles)
        yield _graph("Functions that were not begun", [metrics.functions("Throttles")])
        yield _graph("What wakes somebody", [metrics.counted(each.metric, each.function) for each in COMPLAINTS])

    def _send(self) -> Iterator[cloudwatch.GraphWidget]:
        metrics, names = self._metrics, [each.name for each in self._environment.carriers]
        yield _graph("Milliseconds to an answer", [metrics.api("Latency", "p50"), metrics.api("Latency", "p99")])
        yield _graph("Milliseconds in a function, p99", [metrics.function("Duration", each, "p99") for each in API])
        yield _graph("Told to come back", [metrics.counted("Unavailable", each) for each in API])
        yield _graph("Milliseconds that the outbox is behind", [metrics.function("IteratorAge", "relay", "Maximum")])
        yield self._waiting("Seconds waited, by carrier", self._environment.carrier_queues)
        yield _graph("Attempts that a carrier did not take, in a hundred", [metrics.carrier_failures(n) for n in names])
        refused = [metrics.carrier(word, name) for name in names for word in ("CarrierFailed", "CarrierRefused")]
        yield _graph("Not taken for now, and refused, by carrier", refused)
        dead = [f"{key}-dead" for key in self._environment.carrier_queues]
        yield self._dead("Dead letters", [*dead, "relay-failures"])

    def _report(self) -> Iterator[cloudwatch.GraphWidget]:
        metrics = self._metrics
        yield _graph("Receipts that say nothing new, or never came", [metrics.counted(*each) for each in RECEIPTS])
        yield _graph("Heartbeat of reconcile", [metrics.counted("Reconciled", "reconcile")])
        yield _graph("Seconds that reconcile is behind", [metrics.behind()])
        yield self._waiting("Seconds waited", ("receipts", "notify"))
        yield _graph("Tenants that could not be told", [metrics.counted(*each) for each in UNTOLD])
        yield self._dead("Dead letters", ("receipts-dead", "notify-dead", "reconcile-dead"))

    def _purge(self) -> Iterator[cloudwatch.GraphWidget]:
        metrics = self._metrics
        yield _graph("Seconds overdue, by kind: an hour is promised", list(map(metrics.lag, OVERDUE)))
        yield _graph("Removed because it was over, by kind", list(map(metrics.deleted, DELETED)))
        beats = [metrics.counted("Planned", "plan"), metrics.counted("Checkpointed", "checkpoint")]
        yield _graph("Heartbeats", beats)
        yield self._waiting("Seconds waited", ("sweep",))
        yield _graph("Milliseconds that counting is behind", [metrics.function("IteratorAge", "tally", "Maximum")])
        yield self._dead("Dead letters", ("sweep-dead", "plan-dead", "checkpoint-dead", "tally-failures"))

    def _request(self) -> Iterator[cloudwatch.GraphWidget]:
        metrics = self._metrics
        yield _graph("Runs of persons' requests", list(map(metrics.machine, RUNS)))
        yield _graph("Seconds that the oldest request has been worked on", [metrics.slowest()])
        took = metrics.machine("ExecutionTime").with_(statistic="Maximum")
        yield _graph("Milliseconds that a run took", [took])
        beats = [metrics.counted("Watched", "watch"), metrics.counted("Certified", "certify")]
        yield _graph("Heartbeat of watch, and certificates", beats)
        dates = [metrics.counted(each.metric, each.function) for each in COMPLAINTS if each.function == "watch"]
        yield _graph("Near their date", dates)
        yield self._waiting("Seconds waited", ("callbacks",))
        yield self._dead("Dead letters", ("callbacks-dead", "watch-dead"))

    def _functions(self, journey: Journey) -> Iterator[cloudwatch.GraphWidget]:
        """Runs and failures of the journey's functions: those that they see themselves, and those that they do not."""
        names, metrics = PAGES[journey], self._metrics
        yield _graph("Runs, by function", [metrics.function("Invocations", each) for each in names])
        yield _graph("Errors, by function", [metrics.function("Errors", each) for each in names])
        yield _graph("Bugs, by function", [metrics.counted("Bug", each) for each in names])

    def _waiting(self, title: str, queues: Sequence[str]) -> cloudwatch.GraphWidget:
        return _graph(title, [self._metrics.queue("ApproximateAgeOfOldestMessage", each) for each in queues])

    def _dead(self, title: str, queues: Sequence[str]) -> cloudwatch.GraphWidget:
        return _graph(title, [self._metrics.queue("ApproximateNumberOfMessagesVisible", each) for each in queues])


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)
