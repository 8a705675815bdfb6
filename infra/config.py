"""An environment: where it runs, under which names, with which carriers. Read from the CDK context, typed, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from fugace.domain import bounds
from fugace.domain.bounds import Bound, BoundsError
from fugace.domain.plans import Plan, Plans
from fugace.domain.retention import Kind, Period
from infra.boundary.regions import MEMBERS, UNION
from infra.exposure import Domain, Firewall, check_addresses

ROOT = Path(__file__).resolve().parent.parent

LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90)
"""What CloudWatch offers, as far as we keep logs at all."""

ACCESS_DAYS = 365
"""How long it is kept who called the API, where data are kept: the class `access` of retention.toml."""

PLAN_MINUTES = 15
"""Every hour would not do: nothing that is over may be kept for longer than an hour."""

WATCH_MINUTES = 15
"""How often persons' requests are looked at: an execution that died is begun again so much later, at most."""

LONGEST_WAITING = Period(seconds=14 * 86_400)
"""Before an erasure begins. What is asked for has to be answered within a month, and there must be time to mend it."""

LINKED = Period(seconds=86_400)
"""How long a link to an archive works: whoever leaves must be able to use one."""
LONGEST_LEAVE = Period(seconds=28 * 86_400)
"""Before everything of a tenant goes: it has to be done within a month, too."""

DRAIN_SECONDS, LONGEST_DRAIN = 65, 900
"""How long an erasure waits for whoever was at it a moment ago: longer than a message is accepted or dispatched.

A Lambda function that was told the person's key before the tombstone stood may use it until its own time is over.
"""

CONCURRENCY = (2, 1000)
"""How many functions Lambda lets a queue wake at once, at least and at most."""

STAGE = "live"

RATE, BURST = 500, 1000
"""Requests a second, and at once, over all tenants: the roof of the house, below the account's own (10,000).

How much of it one tenant may have is its plan's affair.
"""

AWS_URL = "https://{api_id}.execute-api.{region}.{suffix}/{stage}"


class ConfigError(Exception):
    """An environment that must not be synthesized. The message is one sentence for whoever typed the command."""


def _demand(kept: bool, sentence: str) -> None:
    if not kept:
        raise ConfigError(sentence)


def _waits(text: str) -> bool:
    """Whether an erasure may wait for so long."""
    try:
        return Period.parse(text).within(LONGEST_WAITING)
    except ValueError:
        return False


def _lets_fetch(text: str, *, kept: bool) -> bool:
    """Whether an archive can be fetched in so long. Where no data are kept, nobody needs the time."""
    try:
        period = Period.parse(text)
    except ValueError:
        return False
    return period.within(LONGEST_LEAVE) and (not kept or LINKED.within(period))


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier as it is configured: which adapter speaks to it, where, and how many hand-overs at once."""

    name: str
    adapter: str
    url: str
    concurrency: int = 2
    addresses: tuple[str, ...] = ()
    """Where its receipts come from (CIDR), if it publishes that: the API takes them from nowhere else then."""

    def __post_init__(self) -> None:
        check_addresses(self.addresses)
        _demand(
            CONCURRENCY[0] <= self.concurrency <= CONCURRENCY[1],
            f"carrier {self.name}: concurrency is {self.concurrency}, Lambda takes 2 to 1000",
        )


@dataclass(frozen=True, slots=True)
class Environment:
    """One deployment of Fugace, complete and separate from every other."""

    name: str
    region: str
    carriers: tuple[Carrier, ...]
    account: str | None = None
    """None: whichever account the credentials of the deployment belong to."""
    public_url: str = AWS_URL
    """Where the API answers; `{api_id}`, `{region}`, `{suffix}` and `{stage}` are filled in."""
    plans: tuple[Plan, ...] = (Plan("standard", rate=100, burst=200),)
    """How many requests a tenant may make. The first is for whoever was put on none."""
    domain: Domain | None = None
    """A name of the API's own; None: the one that AWS gives."""
    firewall: Firewall | None = None
    webhook_exceptions: tuple[str, ...] = ()
    """Origins that webhooks may call although they are plain or private. Empty wherever real people are written to."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Whom functions may be told to call, and the member state that each is in: `{"api.carrier.example": "FR"}`."""
    permissions_boundary: str = ""
    """Name or ARN of a managed policy that no role of this environment can go beyond; see `fugace guard print`."""
    layer: Path = ROOT / "build/layer-arm64"
    code: Path = ROOT / "build/functions-arm64"
    ca_bundle: str = "/opt/amazon-roots.pem"
    """In the layer: the roots that AWS's own endpoints use, and no others."""
    removal: Literal["destroy", "retain"] = "retain"
    release: Literal["gradual", "at-once"] = "gradual"
    """How a new version takes over. At once: on a laptop, where CodeDeploy is not to be had, or in an emergency."""
    log_days: int = 30
    plan_minutes: int = PLAN_MINUTES
    """How often it is looked for what is over: more often only where somebody waits for it, on a laptop."""
    tally_seconds: int = 10
    """How long deletions are gathered before they are counted. A laptop does not wait."""
    waiting: str = "P1D"
    """How long an erasure waits before it begins, and can be cancelled: a duration as ISO 8601 writes it."""
    leave_waiting: str = "P7D"
    """How long a tenant that leaves has to fetch its archive before everything goes: in the same form."""
    drain_seconds: int = DRAIN_SECONDS
    """Between the tombstone and the first deletion. Shorter only where no data are kept."""
    watch_minutes: int = WATCH_MINUTES
    """How often persons' requests are looked at: more often only on a laptop."""
    runbooks: str = "docs/runbooks.md"
    """Where whoever is woken finds what to do: alarms end with it, and with the section's name."""
    bounds: Path = ROOT / "layers/common/python/fugace/retention.toml"

    def __post_init__(self) -> None:
        demands = {
            f"the Region {self.region} is not inside the European Union; Fugace runs in {', '.join(UNION)}": (
                self.region in UNION
            ),
            f"plan_minutes is {self.plan_minutes}, it may be 1 to {PLAN_MINUTES}": (
                1 <= self.plan_minutes <= PLAN_MINUTES
            ),
            f"watch_minutes is {self.watch_minutes}, it may be 1 to {WATCH_MINUTES}": (
                1 <= self.watch_minutes <= WATCH_MINUTES
            ),
            f"waiting is {self.waiting!r}, it may be a duration of at most {LONGEST_WAITING}": _waits(self.waiting),
            f"leave_waiting is {self.leave_waiting!r}, it may be a duration of {LINKED} to {LONGEST_LEAVE}": (
                _lets_fetch(self.leave_waiting, kept=self.retain)
            ),
            f"drain_seconds is {self.drain_seconds}, it may be {DRAIN_SECONDS} to {LONGEST_DRAIN}": (
                (DRAIN_SECONDS if self.retain else 1) <= self.drain_seconds <= LONGEST_DRAIN
            ),
            f"log_days is {self.log_days}, it may be one of {LOG_DAYS}": self.log_days in LOG_DAYS,
            f"removal is {self.removal!r}, it may be destroy or retain": self.removal in {"destroy", "retain"},
            f"release is {self.release!r}, it may be gradual or at-once": self.release in {"gradual", "at-once"},
            f"tally_seconds is {self.tally_seconds}, Lambda takes 0 to 300": 0 <= self.tally_seconds <= 300,  # noqa: PLR2004
            f"the certificate of the domain is in another Region than {self.region}": (
                self.domain is None or self.domain.region == self.region
            ),
            "it has no carrier, so nothing could be sent": bool(self.carriers),
            f"hosts are {dict(self.hosts)}, each may be in a member state of the Union alone": (
                set(self.hosts.values()) <= MEMBERS
            ),
            "say which CA bundle the functions trust, -c ca_bundle=/path/ca.pem": bool(self.ca_bundle),
        }
        for sentence, kept in demands.items():
            _demand(kept, f"environment {self.name}: {sentence}")
        Plans(self.name, self.plans)
        for plan in self.plans:
            _demand(
                plan.rate <= RATE and plan.burst <= BURST,
                f"environment {self.name}: plan {plan.name} is above what all tenants have together, "
                f"{RATE} requests a second and {BURST} at once",
            )

    @property
    def retain(self) -> bool:
        """Whether data outlive a stack that is deleted by mistake."""
        return self.removal == "retain"

    @property
    def access_days(self) -> int:
        """How long the API's access log is kept. It names a key and a tenant: who it was, and no person."""
        return ACCESS_DAYS if self.retain else self.log_days

    def named(self, *parts: str) -> str:
        """The name of one of its things: `fugace-laptop-messages`."""
        return "-".join(("fugace", self.name, *parts))

    def log_group(self, name: str) -> str:
        """Where a function, or the API, logs."""
        return f"/fugace/{self.name}/{name}"

    def secret(self, carrier: Carrier) -> str:
        """The name of the secret that holds a carrier's credentials."""
        return f"fugace/{self.name}/carrier/{carrier.name}"

    def runbook(self, section: str) -> str:
        """Where it is written what to do."""
        return f"{self.runbooks}#{section}"

    @property
    def carrier_queues(self) -> tuple[str, ...]:
        """Keys of the carriers' queues, as the stacks call them."""
        return tuple(f"carrier-{carrier.name}" for carrier in self.carriers)


def retention(environment: Environment) -> Mapping[Kind, Bound]:
    """The operator's bounds that go into the layer.

    Raises:
        ConfigError: they contradict themselves, or what is deployed beside them.
    """
    try:
        known = bounds.read(environment.bounds.read_text(encoding="utf-8"), environment.bounds.name)
    except (BoundsError, OSError) as error:
        raise ConfigError(str(error)) from error
    access, days = known[Kind.ACCESS], environment.access_days
    _demand(
        not environment.retain or access.allows(Period.parse(f"P{days}D")),
        f"{environment.bounds.name}: [{Kind.ACCESS}] allows {access.min} to {access.max}, "
        f"and the API's access log is kept for {days} days",
    )
    return known


SETTINGS = (
    *("region", "account", "public_url", "layer", "code", "ca_bundle"),
    *("removal", "release", "permissions_boundary"),
)
"""What `-c KEY=VALUE` sets on top of the environment's own description."""


def _carrier(raw: Mapping[str, Any]) -> Carrier:
    return Carrier(**{**raw, "addresses": tuple(raw.get("addresses", ()))})


def read(context: Mapping[str, Any]) -> Environment:
    """The environment that the context names with `-c env=NAME`, of those under `environments`."""
    name, known = context.get("env"), context.get("environments") or {}
    _demand(name in known, f"choose an environment with -c env=NAME; cdk.json has {', '.join(sorted(known)) or 'none'}")
    raw = {**known[name], **{key: context[key] for key in SETTINGS if context.get(key)}}
    raw |= {key: ROOT / raw[key] for key in ("layer", "code") if key in raw}
    raw["webhook_exceptions"] = tuple(raw.get("webhook_exceptions", ()))
    try:
        raw["carriers"] = tuple(_carrier(carrier) for carrier in raw.get("carriers", ()))
        kinds = {"domain": Domain, "firewall": Firewall}
        raw |= {key: kind(**raw[key]) for key, kind in kinds.items() if raw.get(key) is not None}
        raw |= {"plans": tuple(Plan(**plan) for plan in raw["plans"])} if "plans" in raw else {}
        return Environment(name=str(name), **raw)
    except (TypeError, ValueError) as error:  # a setting that does not exist, is missing, or cannot be
        sentence = f"environment {name}: {error}"
        raise ConfigError(sentence) from error
