"""What is measured against a threshold. These alarms wake nobody by themselves: they are put together in `paging`.

Metrics are asked for by name, so that this stack never holds another one back.
"""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from fugace.domain.case import TARGET
from infra.config import PLAN_MINUTES, WATCH_MINUTES, Environment
from infra.duties import DUTIES
from infra.parts.causes import OVERDUE, causes
from infra.parts.complaints import COMPLAINTS
from infra.parts.metrics import TABLES, Metrics, dead_queues, live_queues
from infra.parts.recurring import CHECKPOINT_HOURS, RECONCILE_MINUTES

LAG = Duration.hours(1)
"""What is over is gone within an hour: the promise, and so the alarm."""

SLOW = Duration.seconds(2)
"""Accepting a message takes a tenth of that: whoever waits longer for one in a hundred feels it."""

FEW = 10
"""Attempts in five minutes: of fewer, a share says nothing."""

MISSING = cloudwatch.TreatMissingData


class Alarms(Construct):
    """One for each thing that can go wrong. They name queues and functions, never a tenant."""

    def __init__(self, scope: Construct, name: str, *, environment: Environment, metrics: Metrics) -> None:
        super().__init__(scope, name)
        self._environment, self._metrics = environment, metrics
        self._sections = {leaf: cause for cause in causes(environment) for leaf in cause.leaves}
        self.made: dict[str, cloudwatch.Alarm] = {}
        self._dead_letters()
        self._backlogs()
        self._errors()
        self._complaints()
        self._silences()
        self._lags()
        self._api()
        self._machine()
        self._foundations()
        self._carriers()
        self._receipts()

    def _dead_letters(self) -> None:
        for key in dead_queues(self._environment):
            self._alarm(
                f"{key}-not-empty",
                self._metrics.queue("ApproximateNumberOfMessagesVisible", key),
                threshold=1,
                says="Work that was given up. Look at why, repair it, then put it back on its queue.",
            )

    def _backlogs(self) -> None:
        for key in live_queues(self._environment):
            self._alarm(
                f"{key}-late",
                self._metrics.queue("ApproximateAgeOfOldestMessage", key),
                threshold=15 * 60,
                periods=3,
                says="The oldest body has waited for a quarter of an hour: the other side is down or slow, or we are.",
            )
        self._alarm(
            "relay-late",
            self._metrics.function("IteratorAge", "relay", "Maximum"),
            threshold=5 * 60 * 1000,
            periods=2,
            says="Accepted messages wait for the relay. After 24 hours the stream forgets them.",
        )
        self._alarm(
            "tally-late",
            self._metrics.function("IteratorAge", "tally", "Maximum"),
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
                self._metrics.function("Errors", name),
                threshold=1,
                periods=3,
                of=2,
                says="The function runs out of time, cannot start, or ends half-way. Its log group says which.",
            )
            self._alarm(
                f"{name}-bugs",
                self._metrics.counted("Bug", name),
                threshold=1,
                says="Something was raised that nobody foresaw. The log has its class and line, never its words.",
            )
        self._alarm(
            "throttled",
            self._metrics.functions("Throttles"),
            threshold=1,
            periods=3,
            of=2,
            says="The account's limit on functions at once is reached.",
        )

    def _complaints(self) -> None:
        for each in COMPLAINTS:
            self._alarm(
                each.alarm,
                self._metrics.counted(each.metric, each.function),
                threshold=1,
                periods=3 if each.lasting else 1,
                of=2 if each.lasting else 1,
                says=each.says,
            )

    def _silences(self) -> None:
        self._silent(
            "reconcile",
            self._metrics.counted("Reconciled", "reconcile"),
            periods=3,
            says=(
                f"No run was finished for {3 * RECONCILE_MINUTES} minutes: lost messages and missing receipts are not "
                "found. Look for `bug` in its log; if it was not even woken, at its schedule and at reconcile-dead."
            ),
        )
        self._silent(
            "plan",
            self._metrics.counted("Planned", "plan").with_(period=Duration.minutes(PLAN_MINUTES)),
            periods=3,
            says=(
                f"Nobody has looked for what is over for {3 * PLAN_MINUTES} minutes: nothing is shown past its time, "
                "but it stays stored, and an hour was promised. Look for `bug` in the log of plan; if it was not even "
                "woken, at its schedule and at plan-dead. `fugace purge run` wakes it by hand."
            ),
        )
        self._silent(
            "watch",
            self._metrics.counted("Watched", "watch").with_(period=Duration.minutes(WATCH_MINUTES)),
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
            self._metrics.counted("Checkpointed", "checkpoint").with_(period=Duration.hours(1)),
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
                self._metrics.lag(kind),
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
            self._metrics.api("5XXError", "Average"),
            threshold=0.01,
            periods=3,
            of=2,
            says="More than one call in a hundred fails for our reasons.",
        )
        self._alarm(
            "accept-unavailable",
            self._metrics.counted("Unavailable", "send"),
            threshold=10,
            periods=3,
            of=2,
            says="Clients that send were told to come back later: a table, KMS or a queue did not do what was asked.",
        )
        for name in ("send", "auth"):
            self._alarm(
                f"{name}-slow",
                self._metrics.function("Duration", name, "p99"),
                threshold=SLOW.to_milliseconds(),
                periods=3,
                says=f"One call in a hundred waits for two seconds and more for {name} alone.",
            )

    def _machine(self) -> None:
        self._alarm(
            "request-slow",
            self._metrics.slowest(),
            threshold=TARGET.total_seconds(),
            says=(
                "A person's request has been worked on for more than 72 hours: our own target, so that the month is "
                "its controller's. Look at the alarm request-partial, and for the request in the log of watch."
            ),
        )
        self._alarm(
            "executions-failed",
            self._metrics.machine("ExecutionsFailed"),
            threshold=1,
            says=(
                "A run of the state machine ended without having done its request. It is begun again by watch; its "
                "history (`fugace-…-requests`, by the request's id) says at which step it stopped, and the log of that "
                "step's function why."
            ),
        )
        self._alarm(
            "restore-stopped",
            self._metrics.machine("ExecutionsFailed", "restore"),
            threshold=1,
            says=(
                "A restore has stopped, and nothing is lost: what is in quarantine has not been dealt with. "
                "docs/restore.md says how to go on; after a ProbeError nobody does before it is known why."
            ),
        )
        self._alarm(
            "executions-lost",
            self._metrics.machine("ExecutionsTimedOut"),
            threshold=1,
            says="A run of the state machine took longer than a request may. Its history says at which step it waits.",
        )
        self._alarm(
            "executions-throttled",
            self._metrics.machine("ExecutionThrottled"),
            threshold=1,
            periods=3,
            of=2,
            says="The account's limit on state transitions is reached: requests wait for each other.",
        )

    def _foundations(self) -> None:
        for dependency in ("dynamodb", "kms"):
            for metric, word in (("Throttled", "throttled"), ("Unreached", "unreached")):
                self._alarm(
                    f"{dependency}-{word}",
                    self._metrics.denied(metric, dependency),
                    threshold=3,  # at once: what follows from it is seen within minutes, too
                    says=f"Requests of some function to {dependency} were {word}, although the SDK repeated them.",
                )
        for table in TABLES:
            for metric, word in (("ReadThrottleEvents", "reads"), ("WriteThrottleEvents", "writes")):
                self._alarm(
                    f"{table}-{word}-throttled",
                    self._metrics.table(metric, table),
                    threshold=10,
                    periods=3,
                    of=2,
                    says=f"DynamoDB throttles {word} of the table {table}: too many for one key, or for the account.",
                )

    def _carriers(self) -> None:
        for each in self._environment.carriers:
            self._alarm(
                f"carrier-{each.name}-errors",
                self._metrics.carrier_failures(each.name, at_least=FEW),
                threshold=20,
                periods=3,
                says="Of a hundred attempts, this carrier left twenty or more unanswered, or turned them away for now.",
            )

    def _receipts(self) -> None:
        hour = Duration.hours(1)
        self._alarm(
            "reconcile-behind",
            self._metrics.behind(),
            threshold=hour.to_seconds(),
            periods=3,
            says="What was lost is found an hour late, and later: reconcile runs, and does not get on.",
        )
        self._alarm(
            "no-receipts",
            self._metrics.counted("NoReceipt", "reconcile").with_(period=hour),
            threshold=100,
            says="A hundred messages in an hour ended as `unknown`: nobody reported on them in the carrier's time.",
        )
        self._alarm(
            "receive-quiet",
            self._metrics.function("Invocations", "receive").with_(period=hour),
            threshold=1,
            below=True,
            missing=MISSING.BREACHING,
            says="No carrier has called for an hour. It is a fault only while messages are handed over.",
        )
        self._alarm(
            "dispatch-busy",
            self._metrics.function("Invocations", "dispatch"),
            threshold=1,
            periods=12,
            says="Messages were handed over in each of the last twelve times five minutes. It is no fault.",
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
        self.made[name] = cloudwatch.Alarm(
            self,
            name,
            alarm_name=self._environment.named(name),
            alarm_description=f"{says} {self._environment.runbook(self._sections[name].section)}",
            metric=metric,
            threshold=threshold,
            comparison_operator=compare.LESS_THAN_THRESHOLD if below else compare.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=periods,
            datapoints_to_alarm=of or periods,
            treat_missing_data=missing,
        )
