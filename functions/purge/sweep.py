"""Use case: one job of the purge, whichever it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from fugace.domain.retention import Kind
from fugace.keeping import (
    Agenda,
    Cases,
    Departures,
    Disposal,
    Exports,
    Holds,
    KeyChain,
    Ledger,
    Objections,
    OldKeys,
    Policies,
    Statistics,
    Tallies,
)
from fugace.ports import Clock, Tenants
from functions.purge.access import AccessSweep
from functions.purge.briefs import BriefSweep
from functions.purge.closing import Closing
from functions.purge.departing import Departing
from functions.purge.finished import FinishedSweep
from functions.purge.holding import Holding
from functions.purge.messages import MessageSweep
from functions.purge.statistics import StatisticsSweep
from functions.purge.task import BRIEFS, CLOSE, DEPARTURES, Job, Left, Outcome, Task


class UnknownJobError(Exception):
    """A job that nobody does: its body becomes a dead letter, and its lag an alarm."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What the jobs need from outside."""

    agenda: Agenda
    policies: Policies
    holds: Holds
    disposal: Disposal
    departures: Departures
    keychain: KeyChain
    tallies: Tallies
    statistics: Statistics
    exports: Exports
    cases: Cases
    objections: Objections
    ledger: Ledger
    old_keys: OldKeys
    tenants: Tenants
    clock: Clock


@dataclass(frozen=True, slots=True)
class Sweep:
    """Every job, by the first word of its name."""

    jobs: Mapping[str, Job]

    @classmethod
    def over(cls, its: Ports, *, at_once: int = 1) -> "Sweep":
        """The jobs as they are. `at_once`: how many writes of a kind that has no batches are made at the same time."""
        messages = MessageSweep(its.agenda, its.policies, its.holds, its.disposal, its.tenants, its.clock)
        hold = Holding(
            its.agenda, its.policies, its.holds, its.disposal, its.ledger, its.tenants, its.clock, at_once=at_once
        )
        return cls(
            {
                Kind.RECORD.value: messages,
                Kind.CONTENT.value: messages,
                "hold": hold,
                Kind.ACCESS.value: AccessSweep(
                    its.agenda, its.policies, its.tenants, its.old_keys, its.tallies, its.clock
                ),
                Kind.STATISTICS.value: StatisticsSweep(its.agenda, its.policies, its.statistics, its.clock),
                Kind.EXPORTS.value: FinishedSweep(Kind.EXPORTS, its.agenda, its.policies, its.exports, its.clock),
                Kind.CASES.value: FinishedSweep(Kind.CASES, its.agenda, its.policies, its.cases, its.clock),
                Kind.OBJECTIONS.value: FinishedSweep(
                    Kind.OBJECTIONS, its.agenda, its.policies, its.objections, its.clock
                ),
                BRIEFS: BriefSweep(its.disposal, its.tenants, its.clock),
                DEPARTURES: Departing(its.departures, its.keychain, its.disposal, its.clock),
                CLOSE: Closing(its.tallies, its.ledger, its.agenda, its.policies, its.clock),
            }
        )

    def run(self, task: Task, left: Left) -> Outcome:
        """Do it, or a part of it.

        Raises:
            UnknownJobError: nobody does it.
            Exception: whatever else it is, a repeat of the body mends what was left undone.
        """
        job = self.jobs.get(task.kind)
        if job is None:
            raise UnknownJobError
        return job.run(task, left)
