"""One page: does it take messages, do they leave, do the receipts come back."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.config import Environment
from infra.duties import DUTIES
from infra.parts.alarms import OVERDUE, Alarms
from infra.parts.complaints import COMPLAINTS

RECEIPTS = (
    ("UnknownState", "receive"),
    ("UnknownReceipt", "receive"),
    ("RepeatedReceipt", "receive"),
    ("LateReceipt", "receive"),
    ("NoReceipt", "reconcile"),
)
DELETED = ("record", "content", "access", "statistics", "exports", "cases", "objections", "keys")
UNTOLD = (("WebhookDisabled", "notify"), ("EventGivenUp", "notify"))
RUNS = ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")


class Dashboard(Construct):
    """Fourteen graphs: what the alarms watch, and what functions count that need wake nobody."""

    def __init__(self, scope: Construct, name: str, *, environment: Environment, alarms: Alarms) -> None:
        super().__init__(scope, name)
        page = cloudwatch.Dashboard(self, "Page", dashboard_name=environment.named())
        page.add_widgets(
            _graph("Calls", alarms.api("Count", "Sum"), alarms.api("4XXError", "Sum"), alarms.api("5XXError", "Sum")),
            _graph("Milliseconds to an answer", alarms.api("Latency", "p50"), alarms.api("Latency", "p99")),
            _graph(
                "Seconds waited, by queue",
                *(alarms.queue("ApproximateAgeOfOldestMessage", key) for key in alarms.live_queues()),
            ),
            _graph(
                "Dead letters",
                *(alarms.queue("ApproximateNumberOfMessagesVisible", key) for key in alarms.dead_queues()),
            ),
            _graph("Errors, by function", *(alarms.function("Errors", key) for key in DUTIES)),
            _graph("Runs, by function", *(alarms.function("Invocations", key) for key in DUTIES)),
            _graph("What wakes somebody", *(alarms.counted(each.metric, each.function) for each in COMPLAINTS)),
            _graph("Receipts that say nothing new, or never came", *(alarms.counted(*each) for each in RECEIPTS)),
            _graph("Tenants that could not be told", *(alarms.counted(*each) for each in UNTOLD)),
            _graph("Seconds overdue, by kind: an hour is promised", *map(alarms.lag, OVERDUE)),
            _graph("Removed because it was over, by kind", *map(alarms.deleted, DELETED)),
            _graph("Runs of persons' requests", *map(alarms.machine, RUNS)),
            _graph("Seconds that the oldest request has been worked on", alarms.slowest()),
            _graph("Milliseconds that a run took", alarms.machine("ExecutionTime").with_(statistic="Maximum")),
        )


def _graph(title: str, *metrics: cloudwatch.Metric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)
