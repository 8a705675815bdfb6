"""The only place that chooses adapters: one function for each port, which a function's handler composes.

An adapter is imported when it is first asked for, so that importing this module costs nothing and a function pays, at a
cold start, for what it uses alone. What is made is kept while the process lives: one SDK session, one client a service.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from fugace.edge.settings import CarrierSetting, Settings
from fugace.ports import Carrier, Clock, Messages, Queue, Tenants, Terms, Timer, Vault, Web, Webhooks

if TYPE_CHECKING:
    from fugace.adapters.credentials import Credentials
    from fugace.adapters.session import Aws
    from fugace.domain.bounds import Bound
    from fugace.domain.message import Record
    from fugace.domain.retention import Kind
    from fugace.keeping import (
        Agenda,
        Cases,
        Checkpoints,
        Departures,
        Disposal,
        Exports,
        Holds,
        KeyChain,
        Ledger,
        Objections,
        OldKeys,
        Policies,
        Signer,
        Statistics,
        Tallies,
    )
    from fugace.restoring import Quarantine
    from fugace.rights import (
        Amendments,
        Archives,
        ArchiveSeals,
        ArchiveShredder,
        CaseSeals,
        CaseShredder,
        Estate,
        Machine,
        Persons,
        Recalls,
        Requests,
    )

# ruff: noqa: PLC0415  # imports within functions are the point of this module


def _aws() -> "Aws":
    from fugace.adapters.session import shared

    return shared()


def denials() -> Mapping[tuple[str, str], int]:
    """What AWS's services have denied this process since it was asked last, by service and kind of denial."""
    session = sys.modules.get("fugace.adapters.session")  # where nothing was asked, nothing is imported for it
    return session.shared().denials.take() if session and session.shared.cache_info().currsize else {}


@cache
def clock() -> Clock:
    """The time."""
    from fugace.adapters.clock import SystemClock

    return SystemClock()


@cache
def bounds() -> "Mapping[Kind, Bound]":
    """What the operator allows to be kept how long. Raises BoundsError where the file contradicts itself."""
    from importlib.resources import files

    from fugace.domain import bounds

    name = "retention.toml"
    return bounds.read(files("fugace").joinpath(name).read_text(encoding="utf-8"), name)


@cache
def tenants(settings: Settings) -> Tenants:
    """Tenants and their API keys."""
    from fugace.adapters.dynamo.tenants import DynamoTenants

    return DynamoTenants(_aws(), settings.tenants_table, clock())


def old_keys(settings: Settings) -> "OldKeys":
    """API keys that open nothing any more."""
    from fugace.adapters.dynamo.tenants import DynamoTenants

    return DynamoTenants(_aws(), settings.tenants_table, clock())


@cache
def webhooks(settings: Settings) -> Webhooks:
    """Webhooks and their logs."""
    from fugace.adapters.dynamo.webhooks import DynamoWebhooks

    return DynamoWebhooks(_aws(), settings.tenants_table, clock())


@cache
def messages(settings: Settings) -> Messages:
    """Messages."""
    from fugace.adapters.dynamo.messages import DynamoMessages

    return DynamoMessages(_aws(), settings.messages_table, clock())


def read_image(image: Mapping[str, Any]) -> "Record":
    """A message as the stream shows it. Raises ValueError where it cannot be read."""
    from fugace.adapters.dynamo import messages as rows

    return rows.read_image(image)


@cache
def vault(settings: Settings) -> Vault:
    """Keys."""
    from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys
    from fugace.adapters.keyring import Keyring
    from fugace.adapters.vault import KeyVault

    keyring = Keyring(_aws(), settings.tenants_table, settings.environment, clock())
    return KeyVault(keyring, DynamoSubjectKeys(_aws(), settings.subject_keys_table, clock()))


# --- retention ----------------------------------------------------------------------------------


@cache
def disposal(settings: Settings) -> "Disposal":
    """Messages, as the purge sees them."""
    from fugace.adapters.dynamo.disposal import DynamoDisposal

    return DynamoDisposal(_aws(), settings.messages_table)


@cache
def agenda(settings: Settings) -> "Agenda":
    """What is due."""
    from fugace.adapters.dynamo.agenda import DynamoAgenda

    return DynamoAgenda(_aws(), settings.purge_table)


@cache
def departures(settings: Settings) -> "Departures":
    """Persons of whom something was deleted."""
    from fugace.adapters.dynamo.departures import DynamoDepartures

    return DynamoDepartures(_aws(), settings.purge_table, clock())


@cache
def key_chain(settings: Settings) -> "KeyChain":
    """Persons' keys, as the purge sees them."""
    from fugace.adapters.dynamo.key_chain import DynamoKeyChain

    return DynamoKeyChain(_aws(), settings.subject_keys_table, tallies(settings))


@cache
def tallies(settings: Settings) -> "Tallies":
    """What was destroyed, until it is in the ledger."""
    from fugace.adapters.dynamo.tallies import DynamoTallies

    return DynamoTallies(_aws(), settings.purge_table, settings.tenants_table, clock())


@cache
def statistics(settings: Settings) -> "Statistics":
    """Counts of messages that are gone."""
    from fugace.adapters.dynamo.statistics import DynamoStatistics

    return DynamoStatistics(_aws(), settings.tenants_table, tallies(settings))


@cache
def exports(settings: Settings) -> "Exports":
    """Archives made for persons' requests."""
    from fugace.adapters.exports import S3Exports

    return S3Exports(_aws(), settings.exports_bucket, tallies(settings), case_shredder(settings))


@cache
def cases(settings: Settings) -> "Cases":
    """Those requests."""
    from fugace.adapters.dynamo.cases import DynamoCases

    return DynamoCases(_aws(), settings.cases_table, tallies(settings), case_shredder(settings))


@cache
def objections(settings: Settings) -> "Objections":
    """What persons objected to, as the purge sees it."""
    from fugace.adapters.dynamo.objections import DynamoObjections

    return DynamoObjections(_aws(), settings.subject_keys_table, tallies(settings))


@cache
def ledger(settings: Settings) -> "Ledger":
    """The chains of proof."""
    from fugace.adapters.dynamo.ledger import DynamoLedger

    return DynamoLedger(_aws(), settings.ledger_table)


@cache
def checkpoints(settings: Settings) -> "Checkpoints":
    """Signed checkpoints over all of them."""
    from fugace.adapters.checkpoints import S3Checkpoints

    return S3Checkpoints(_aws(), settings.ledger_bucket)


@cache
def signer(settings: Settings) -> "Signer":
    """What signs checkpoints."""
    from fugace.adapters.signer import KmsSigner

    return KmsSigner(_aws(), settings.ledger_key)


@cache
def policies(settings: Settings) -> "Policies":
    """What tenants chose."""
    from fugace.adapters.dynamo.policies import DynamoPolicies

    return DynamoPolicies(_aws(), settings.tenants_table)


@cache
def holds(settings: Settings) -> "Holds":
    """Legal holds."""
    from fugace.adapters.dynamo.holds import DynamoHolds

    return DynamoHolds(_aws(), settings.tenants_table)


# --- persons' requests --------------------------------------------------------------------------


@cache
def requests(settings: Settings) -> "Requests":
    """Requests, and their claims."""
    from fugace.adapters.dynamo.requests import DynamoRequests

    return DynamoRequests(_aws(), settings.cases_table)


@cache
def recalls(settings: Settings) -> "Recalls":
    """What carriers have to be asked."""
    from fugace.adapters.dynamo.requests import DynamoRecalls

    return DynamoRecalls(_aws(), settings.cases_table)


@cache
def persons(settings: Settings) -> "Persons":
    """Persons' rows in the table of keys."""
    from fugace.adapters.dynamo.subject_keys import DynamoSubjectKeys

    return DynamoSubjectKeys(_aws(), settings.subject_keys_table, clock())


@cache
def amendments(settings: Settings) -> "Amendments":
    """What is corrected in messages."""
    from fugace.adapters.dynamo.amendments import DynamoAmendments

    return DynamoAmendments(_aws(), settings.messages_table)


@cache
def case_seals(settings: Settings) -> "CaseSeals":
    """Keys of requests."""
    from fugace.adapters.case_seals import KeyCaseSeals
    from fugace.adapters.dynamo.case_keys import DynamoCaseKeys
    from fugace.adapters.keyring import Keyring

    keyring = Keyring(_aws(), settings.tenants_table, settings.environment, clock())
    return KeyCaseSeals(keyring, DynamoCaseKeys(_aws(), settings.subject_keys_table))


@cache
def case_shredder(settings: Settings) -> "CaseShredder":
    """What destroys them."""
    from fugace.adapters.dynamo.case_keys import DynamoCaseKeys

    return DynamoCaseKeys(_aws(), settings.subject_keys_table)


@cache
def archives(settings: Settings) -> "Archives":
    """Archives, for whoever makes them and has them fetched."""
    from fugace.adapters.archives import S3Archives

    return S3Archives(_aws(), settings.exports_bucket)


@cache
def archive_seals(settings: Settings) -> "ArchiveSeals":
    """What seals them."""
    from fugace.adapters.frames import FrameSeals

    return FrameSeals(case_seals(settings))


@cache
def archive_shredder(settings: Settings) -> "ArchiveShredder":
    """What removes them."""
    from fugace.adapters.archive_shredder import S3ArchiveShredder

    return S3ArchiveShredder(_aws(), settings.exports_bucket)


@cache
def estate(settings: Settings) -> "Estate":
    """What goes with a tenant that leaves."""
    from fugace.adapters.dynamo.estate import DynamoEstate

    return DynamoEstate(
        _aws(),
        tenants=settings.tenants_table,
        subject_keys=settings.subject_keys_table,
        purge=settings.purge_table,
        cases=settings.cases_table,
    )


@cache
def machine(settings: Settings) -> "Machine":
    """The state machine."""
    from fugace.adapters.machine import StepMachine

    return StepMachine(_aws(), settings.request_machine)


@cache
def certifier(settings: Settings) -> "Signer":
    """What signs certificates and callbacks."""
    from fugace.adapters.signer import KmsSigner

    return KmsSigner(_aws(), settings.certificate_key)


@cache
def quarantine(settings: Settings) -> "Quarantine":
    """Tables as they were."""
    from fugace.adapters.dynamo.quarantine import DynamoQuarantine
    from fugace.restoring import Source

    tables = {
        Source.MESSAGES: settings.messages_table,
        Source.TENANTS: settings.tenants_table,
        Source.CASES: settings.cases_table,
    }
    return DynamoQuarantine(_aws(), tables)


# --- queues and time ----------------------------------------------------------------------------


@cache
def _queue(url: str) -> Queue:
    from fugace.adapters.queues import SqsQueue

    return SqsQueue(_aws(), url)


def notify_queue(settings: Settings) -> Queue:
    """What tells tenants."""
    return _queue(settings.notify_queue)


def receipts_queue(settings: Settings) -> Queue:
    """Receipts that the table could not take."""
    return _queue(settings.receipts_queue)


def sweep_queue(settings: Settings) -> Queue:
    """Jobs of the purge."""
    return _queue(settings.sweep_queue)


def callback_queue(settings: Settings) -> Queue:
    """What tells controllers how their requests go."""
    return _queue(settings.callback_queue)


def carrier_queues(settings: Settings) -> Mapping[str, Queue]:
    """Each carrier's queue, by the carrier's name."""
    return {carrier.name: _queue(carrier.queue) for carrier in settings.carriers}


def queue_names(settings: Settings) -> Mapping[str, str]:
    """Which carrier's a queue is, by the queue's own name: the last word of its URL and of its ARN."""
    return {carrier.queue.rpartition("/")[2]: carrier.name for carrier in settings.carriers}


@cache
def timer(settings: Settings) -> Timer:
    """What wakes a queue later."""
    from fugace.adapters.timer import ScheduleTimer

    queues = {f"carrier/{carrier.name}": carrier.queue for carrier in settings.carriers}
    queues["notify"] = settings.notify_queue
    return ScheduleTimer(
        _aws(), queues=queues, group=settings.schedule_group, role=settings.schedule_role, clock=clock()
    )


# --- carriers and the web -----------------------------------------------------------------------


@cache
def web(settings: Settings) -> Web:
    """The HTTP client of whoever calls tenants."""
    from fugace.adapters.web import UrllibWeb

    return UrllibWeb(exceptions=frozenset(settings.webhook_exceptions))


@cache
def carrier_web() -> Web:
    """The HTTP client of whoever calls carriers."""
    from fugace.adapters.web import UrllibWeb

    return UrllibWeb()


class Carriers(Mapping[str, Carrier]):
    """The configured carriers by name; each is made when asked for, and again when its secret was asked for again."""

    def __init__(self, configured: tuple[CarrierSetting, ...], credentials: "Credentials") -> None:
        self._configured = {each.name: each for each in configured}
        self._credentials = credentials
        self._made: dict[str, tuple[Mapping[str, str], Carrier]] = {}

    def __getitem__(self, name: str) -> Carrier:
        """Raises KeyError for one that is not configured, UnavailableError where its secret cannot be had."""
        configured = self._configured[name]
        secret = self._credentials.get(configured.secret)
        made = self._made.get(name)
        if made is None or made[0] is not secret:
            made = self._made[name] = (secret, _carrier(configured, secret))
        return made[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._configured)

    def __len__(self) -> int:
        return len(self._configured)


@cache
def carriers(settings: Settings) -> Mapping[str, Carrier]:
    """Carriers with their secrets."""
    from fugace.adapters.credentials import Credentials

    return Carriers(settings.carriers, Credentials(_aws(), clock()))


@cache
def terms(settings: Settings) -> Mapping[str, Terms]:
    """What each carrier offers: for this no secret is needed."""
    return {carrier.name: _carrier(carrier, defaultdict(str)).terms for carrier in settings.carriers}


def simulators(settings: Settings) -> frozenset[str]:
    """Names of the carriers that reach nobody: where a test key's messages may go."""
    return frozenset(carrier.name for carrier in settings.carriers if carrier.adapter.startswith("simulator"))


def _carrier(configured: CarrierSetting, secret: Mapping[str, str]) -> Carrier:
    from fugace.adapters.carriers import ADAPTERS

    return ADAPTERS[configured.adapter](url=configured.url, secret=secret, clock=clock())
