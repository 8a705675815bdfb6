"""Who is woken, and by what. Metrics are asked for by name, so that this stack never holds another one back."""

from collections.abc import Mapping

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from fugace.domain.case import TARGET
from infra.config import PLAN_MINUTES, WATCH_MINUTES, Environment
from infra.duties import DUTIES
from infra.parts.complaints import COMPLAINTS
from infra.parts.machine import machine_arn
from infra.parts.recurring import CHECKPOINT_HOURS, RECONCILE_MINUTES, RHYTHMS

FIVE = Duration.minutes(5)

LAG = Duration.hours(1)
"""What is over is gone within an hour: the promise, and so the alarm."""

OVERDUE = ("record", "content", "access", "statistics", "exports", "cases", "objections", "hold")
"""Kinds of jobs whose lag is watched."""

MISSING = cloudwatch.TreatMissingData


class Alarms(Construct):
    """A topic under our key, and the alarms that speak on it. They name queues and functions, never a tenant."""

    def __init__(self, scope: Construct, name: str, *, environment: Environment, key: kms.IKey) -> None:
        super().__init__(scope, name)
        self._environment = environment
        self.topic = sns.Topic(self, "Topic", topic_name=environment.named("alarms"), master_key=key, enforce_ssl=True)
        # A topic with a policy of its own loses the one that lets the account's alarms in.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        self._dead_letters()
        self._backlogs()
        self._errors()
        self._complaints()
        self._silences()
        self._lags()
        self._api()
        self._machine()

    def queue(self, metric: str, key: str) -> cloudwatch.Metric:
        """A queue's worst value in five minutes."""
        return _metric("AWS/SQS", metric, {"QueueName": self._environment.named(key)}, "Maximum")

    def function(self, metric: str, key: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """A function's total in five minutes, or another statistic."""
        return _metric("AWS/Lambda", metric, {"FunctionName": self._environment.named(key)}, statistic)

    def counted(self, metric: str, key: str) -> cloudwatch.Metric:
        """What a function has counted itself, in five minutes."""
        return _metric("Fugace", metric, {"service": key}, "Sum")

    def slowest(self) -> cloudwatch.Metric:
        """How long the oldest request has been worked on, in seconds, as `watch` has found it."""
        return _metric("Fugace", "RequestAge", {"service": "watch"}, "Maximum")

    def lag(self, kind: str) -> cloudwatch.Metric:
        """The age of what is longest overdue, in seconds, as `plan` has found it."""
        return _metric("Fugace", "PurgeLag", {"service": "plan", "kind": kind}, "Maximum")

    def deleted(self, kind: str) -> cloudwatch.Metric:
        """How much of a kind the sweeps have removed."""
        return _metric("Fugace", "Deleted", {"service": "sweep", "kind": kind}, "Sum")

    def api(self, metric: str, statistic: str) -> cloudwatch.Metric:
        """A figure of the whole API."""
        return _metric("AWS/ApiGateway", metric, {"ApiName": self._environment.named()}, statistic)

    def machine(self, metric: str, name: str = "requests") -> cloudwatch.Metric:
        """A figure of a state machine."""
        arn = machine_arn(self, self._environment, name)
        return _metric("AWS/States", metric, {"StateMachineArn": arn}, "Sum")

    def dead_queues(self) -> tuple[str, ...]:
        """Every queue that should be empty."""
        live = (*self.live_queues(), *RHYTHMS)
        return (*(f"{key}-dead" for key in live), "relay-failures", "tally-failures")

    def live_queues(self) -> tuple[str, ...]:
        """Every queue that something is worked off from."""
        return (*self._environment.carrier_queues, "notify", "receipts", "sweep", "callbacks")

    def _dead_letters(self) -> None:
        for key in self.dead_queues():
            self._alarm(
                f"{key}-not-empty",
                self.queue("ApproximateNumberOfMessagesVisible", key),
                threshold=1,
                says="Work that was given up. Look at why, repair it, then put it back on its queue.",
            )

    def _backlogs(self) -> None:
        for key in self.live_queues():
            self._alarm(
                f"{key}-late",
                self.queue("ApproximateAgeOfOldestMessage", key),
                threshold=15 * 60,
                periods=3,
                says="The oldest body has waited for a quarter of an hour: the other side is down or slow, or we are.",
            )
        self._alarm(
            "relay-late",
            self.function("IteratorAge", "relay", "Maximum"),
            threshold=5 * 60 * 1000,
            periods=2,
            says="Accepted messages wait for the relay. After 24 hours the stream forgets them.",
        )
        self._alarm(
            "tally-late",
            self.function("IteratorAge", "tally", "Maximum"),
            threshold=60 * 60 * 1000,
            periods=2,
            says=(
                "Deletions wait to be counted. After 24 hours the stream forgets them, the ledger would lack them, and "
                "keys of persons of whom nothing is left would stay."
            ),
        )

    def _errors(self) -> None:
        for name in DUTIES:
            self._alarm(
                f"{name}-errors",
                self.function("Errors", name),
                threshold=1,
                periods=3,
                of=2,
                says="The function runs out of time, cannot start, or ends half-way. Its log group says which.",
            )
            self._alarm(
                f"{name}-bugs",
                self.counted("Bug", name),
                threshold=1,
                says="Something was raised that nobody foresaw. The log has its class and line, never its words.",
            )
        self._alarm(
            "throttled",
            _metric("AWS/Lambda", "Throttles", {}, "Sum"),
            threshold=1,
            periods=3,
            of=2,
            says="The account's limit on functions at once is reached.",
        )

    def _complaints(self) -> None:
        for each in COMPLAINTS:
            self._alarm(
                each.alarm,
                self.counted(each.metric, each.function),
                threshold=1,
                periods=3 if each.lasting else 1,
                of=2 if each.lasting else 1,
                says=each.says,
            )

    def _silences(self) -> None:
        self._silent(
            "reconcile",
            self.counted("Reconciled", "reconcile"),
            periods=3,
            says=(
                f"No run was finished for {3 * RECONCILE_MINUTES} minutes: lost messages and missing receipts are not "
                "found. Look for `bug` in its log; if it was not even woken, at its schedule and at reconcile-dead."
            ),
        )
        self._silent(
            "purge",
            self.counted("Planned", "plan").with_(period=Duration.minutes(PLAN_MINUTES)),
            periods=3,
            says=(
                f"Nobody has looked for what is over for {3 * PLAN_MINUTES} minutes: nothing is shown past its time, "
                "but it stays stored, and an hour was promised. Look for `bug` in the log of plan; if it was not even "
                "woken, at its schedule and at plan-dead. `fugace purge run` wakes it by hand."
            ),
        )
        self._silent(
            "watch",
            self.counted("Watched", "watch").with_(period=Duration.minutes(WATCH_MINUTES)),
            periods=3,
            says=(
                f"Nobody has looked at persons' requests for {3 * WATCH_MINUTES} minutes: what failed is not taken up "
                "again, and nobody is warned of a deadline. Look for `bug` in the log of watch; if it was not even "
                "woken, at its schedule and at watch-dead."
            ),
        )
        hours = CHECKPOINT_HOURS + 2
        self._silent(
            "checkpoint",
            self.counted("Checkpointed", "checkpoint").with_(period=Duration.hours(1)),
            periods=hours,
            says=(
                f"The ledger was not signed for {hours} hours. Its chains go on, but nothing outside the database "
                "vouches for them since. Look for `bug` in the log of checkpoint, and at checkpoint-dead; the next "
                "run covers what this one missed."
            ),
        )

    def _silent(self, name: str, metric: cloudwatch.Metric, *, periods: int, says: str) -> None:
        """Of what a run counts at its end, not that it was begun: one that dies half-way is silent too."""
        self._alarm(
            f"{name}-silent", metric, threshold=1, below=True, periods=periods, missing=MISSING.BREACHING, says=says
        )

    def _lags(self) -> None:
        for kind in OVERDUE:
            self._alarm(
                f"purge-lag-{kind}",
                self.lag(kind),
                threshold=LAG.to_seconds(),
                says=(
                    f"Something of the kind `{kind}` is over for more than an hour, and still stored. Nobody is shown "
                    "it, but the promise is broken. Look at the alarms of sweep, at sweep-dead, and for `swept` in its "
                    "log; `fugace purge status` says of whom, and how far it is."
                ),
            )

    def _api(self) -> None:
        self._alarm(
            "api-5xx",
            self.api("5XXError", "Average"),
            threshold=0.01,
            periods=3,
            of=2,
            says="More than one call in a hundred fails for our reasons.",
        )

    def _machine(self) -> None:
        self._alarm(
            "request-slow",
            self.slowest(),
            threshold=TARGET.total_seconds(),
            says=(
                "A person's request has been worked on for more than 72 hours: our own target, so that the month is "
                "its controller's. Look at the alarm request-partial, and for the request in the log of watch."
            ),
        )
        self._alarm(
            "executions-failed",
            self.machine("ExecutionsFailed"),
            threshold=1,
            says=(
                "A run of the state machine ended without having done its request. It is begun again by watch; its "
                "history (`fugace-…-requests`, by the request's id) says at which step it stopped, and the log of that "
                "step's function why."
            ),
        )
        self._alarm(
            "restore-failed",
            self.machine("ExecutionsFailed", "restore"),
            threshold=1,
            says=(
                "A restore has stopped, and nothing is lost: what is in quarantine has not been dealt with. "
                "docs/restore.md says how to go on; after a ProbeError nobody does before it is known why."
            ),
        )
        self._alarm(
            "executions-lost",
            self.machine("ExecutionsTimedOut"),
            threshold=1,
            says="A run of the state machine took longer than a request may. Its history says at which step it waits.",
        )
        self._alarm(
            "executions-throttled",
            self.machine("ExecutionThrottled"),
            threshold=1,
            periods=3,
            of=2,
            says="The account's limit on state transitions is reached: requests wait for each other.",
        )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        *,
        threshold: float,
        says: str,
        periods: int = 1,
        of: int | None = None,
        below: bool = False,
        missing: cloudwatch.TreatMissingData = MISSING.NOT_BREACHING,
    ) -> None:
        """`of`: how many of the `periods` must be bad; all of them unless said."""
        compare = cloudwatch.ComparisonOperator
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=self._environment.named(name),
            alarm_description=says,
            metric=metric,
            threshold=threshold,
            comparison_operator=compare.LESS_THAN_THRESHOLD if below else compare.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=periods,
            datapoints_to_alarm=of or periods,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        alarm.add_ok_action(actions.SnsAction(self.topic))


def _metric(namespace: str, metric: str, dimensions: Mapping[str, str], statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=metric,
        dimensions_map=dict(dimensions),
        statistic=statistic,
        period=FIVE,
    )
