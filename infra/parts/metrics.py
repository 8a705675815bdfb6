"""Every metric that is drawn or watched, asked for by name, so that no stack holds another one back.

Their dimensions are bounded: functions, queues, tables, carriers, kinds, services of AWS. Never a tenant.
"""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.config import Environment
from infra.parts.machine import machine_arn
from infra.parts.recurring import RHYTHMS

FIVE = Duration.minutes(5)

TABLES = ("messages", "tenants", "subject-keys", "purge", "ledger", "cases")


class Metrics:
    """The metrics of one environment."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        self._scope, self.environment = scope, environment

    def queue(self, metric: str, key: str, statistic: str = "Maximum") -> cloudwatch.Metric:
        """A queue's worst value in five minutes, or another statistic."""
        return _metric("AWS/SQS", metric, {"QueueName": self.environment.named(key)}, statistic)

    def function(self, metric: str, key: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """A function's total in five minutes, or another statistic."""
        return _metric("AWS/Lambda", metric, {"FunctionName": self.environment.named(key)}, statistic)

    def functions(self, metric: str) -> cloudwatch.Metric:
        """The total of all functions of the account."""
        return _metric("AWS/Lambda", metric, {}, "Sum")

    def table(self, metric: str, key: str) -> cloudwatch.Metric:
        """A table's total in five minutes."""
        return _metric("AWS/DynamoDB", metric, {"TableName": self.environment.named(key)}, "Sum")

    def counted(self, metric: str, key: str) -> cloudwatch.Metric:
        """What a function has counted itself, in five minutes."""
        return _metric("Fugace", metric, {"service": key}, "Sum")

    def denied(self, metric: str, dependency: str) -> cloudwatch.Metric:
        """How often one of AWS's services did not do what any function asked, after all repeats."""
        return _metric("Fugace", metric, {"service": "all", "dependency": dependency}, "Sum")

    def carrier(self, metric: str, carrier: str) -> cloudwatch.Metric:
        """What dispatch has counted of one carrier."""
        return _metric("Fugace", metric, {"service": "dispatch", "carrier": carrier}, "Sum")

    def carrier_failures(self, carrier: str, *, at_least: int = 0) -> cloudwatch.MathExpression:
        """Attempts of which this carrier took nothing, in a hundred; none where there were fewer than `at_least`.

        What was attempted is what left the queue: SQS counts that, and a line of ours for each would cost more.
        """
        failed, asked = (f"{word}_{carrier.replace('-', '_')}" for word in ("failed", "asked"))
        return cloudwatch.MathExpression(
            expression=f"IF(FILL({asked}, 0) > {at_least}, 100 * FILL({failed}, 0) / {asked}, 0)",
            using_metrics={
                failed: self.carrier("CarrierFailed", carrier),
                asked: self.queue("NumberOfMessagesDeleted", f"carrier-{carrier}", "Sum"),
            },
            label=carrier,
            period=FIVE,
        )

    def slowest(self) -> cloudwatch.Metric:
        """How long the oldest request has been worked on, in seconds, as `watch` has found it."""
        return _metric("Fugace", "RequestAge", {"service": "watch"}, "Maximum")

    def behind(self) -> cloudwatch.Metric:
        """What `reconcile` has still to go, in seconds."""
        return _metric("Fugace", "ReconcileLag", {"service": "reconcile"}, "Maximum")

    def lag(self, kind: str) -> cloudwatch.Metric:
        """The age of what is longest overdue, in seconds, as `plan` has found it."""
        return _metric("Fugace", "PurgeLag", {"service": "plan", "kind": kind}, "Maximum")

    def deleted(self, kind: str) -> cloudwatch.Metric:
        """How much of a kind the sweeps have removed."""
        return _metric("Fugace", "Deleted", {"service": "sweep", "kind": kind}, "Sum")

    def api(self, metric: str, statistic: str) -> cloudwatch.Metric:
        """A figure of the whole API."""
        return _metric("AWS/ApiGateway", metric, {"ApiName": self.environment.named()}, statistic)

    def machine(self, metric: str, name: str = "requests") -> cloudwatch.Metric:
        """A figure of a state machine."""
        arn = machine_arn(self._scope, self.environment, name)
        return _metric("AWS/States", metric, {"StateMachineArn": arn}, "Sum")


def live_queues(environment: Environment) -> tuple[str, ...]:
    """Every queue that something is worked off from."""
    return (*environment.carrier_queues, "notify", "receipts", "sweep", "callbacks")


def dead_queues(environment: Environment) -> tuple[str, ...]:
    """Every queue that should be empty."""
    return (*(f"{key}-dead" for key in (*live_queues(environment), *RHYTHMS)), "relay-failures", "tally-failures")


def _metric(namespace: str, metric: str, dimensions: Mapping[str, str], statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=metric,
        dimensions_map=dict(dimensions),
        statistic=statistic,
        period=FIVE,
    )
