"""What cdk-nag asks for and we do not do, resource by resource, with the reason that a reviewer can check.

Its packs (AWS Solutions, NIST 800-53 R5, HIPAA) know nothing of storage limitation: they ask for replicas, back-ups
and logs of everything. A test runs them and compares: whatever they find is here, and what is here is found.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.config import Environment
from infra.duties import DUTIES
from infra.parts.causes import causes
from infra.parts.machine import WORKFLOWS
from infra.parts.recurring import RHYTHMS
from infra.parts.rest_api import OPEN_ROUTES, ROUTES


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Findings of one kind."""

    rules: tuple[str, ...]
    """Without the name of their pack: several packs ask for the same."""
    where: tuple[str, ...]
    """Construct paths, without the name of the environment."""
    reason: str


_STAGE = ("pipeline/RestApi/Api/DeploymentStage.live/Resource",)
_BUCKETS = ("data/Checkpoints/Bucket/Resource", "data/Exports/Bucket/Resource")
_UNSAVED = ("data/Storage/SubjectKeys/Resource", "data/Storage/Purge/Resource")
_TABLES = tuple(f"data/Storage/{name}/Resource" for name in ("Tenants", "Messages", "Cases", "Ledger")) + _UNSAVED
_FUNCTIONS = tuple(f"pipeline/{name}/Function/Resource" for name in DUTIES)
_MACHINES = tuple(f"pipeline/{name.title()}Machine/Machine" for name in WORKFLOWS)
_ROLES = (
    *(f"pipeline/{name}/Role/Resource" for name in DUTIES),
    *(f"pipeline/{name.title()}Machine/Role/Resource" for name in WORKFLOWS),
    *(f"pipeline/{name.title()}/Wake/Resource" for name in RHYTHMS),
    "pipeline/Timer/Send/Resource",
    "pipeline/RestApi/LogRole/Resource",
    "pipeline/Release/Role/Resource",
)
_LAST_QUEUES = (
    *(f"pipeline/{name.title()}/Queue-{name}-dead/Queue/Resource" for name in RHYTHMS),
    "pipeline/Queue-relay-failures/Queue/Resource",
    "pipeline/Queue-tally-failures/Queue/Resource",
)


def _methods(routes: tuple[tuple[str, str, str], ...]) -> tuple[str, ...]:
    return tuple(
        f"pipeline/RestApi/Api/Default{path}/{method}/Resource"
        for _, path, methods in routes
        for method in methods.split()
    )


def _roles(*names: str) -> tuple[str, ...]:
    return tuple(f"pipeline/{name}/Role/Resource" for name in names)


STORAGE_LIMITATION = (
    Acknowledged(
        ("S3BucketReplicationEnabled",),
        _BUCKETS,
        "A replica is a second copy in a second Region, with a life of its own: an archive that was made for one "
        "person would outlive its erasure there (Art. 5(1)(e), 17). The checkpoints are locked for six years instead.",
    ),
    Acknowledged(
        ("DynamoDBInBackupPlan",),
        _TABLES,
        "A plan of AWS Backup keeps copies apart from the table, by rules of its own, and copies them on. The back-up "
        "is point-in-time recovery, for seven days (35 for the ledger): an erased person is in it no longer than that.",
    ),
    Acknowledged(
        ("DDB3", "DynamoDBPITREnabled"),
        _UNSAVED,
        "Keys have no back-up at all (invariant I10): restored beside a restored table of messages they would bring "
        "erased persons back. The agenda of the purge can be made again, and names people for a while.",
    ),
    Acknowledged(
        ("S1", "S3BucketLoggingEnabled"),
        _BUCKETS,
        "An access log names the objects that were fetched and the addresses that fetched them, in a bucket that "
        "needs a life, a key and a log of its own: place 10 of the personal-data map, which is kept empty.",
    ),
    Acknowledged(
        ("SF1",),
        _MACHINES,
        "A log would be a second copy of the history, which Step Functions keeps for 90 days by itself, under our key. "
        "Alarms count failed, aborted and timed-out runs.",
    ),
    Acknowledged(
        ("SF2",),
        _MACHINES,
        "A trace keeps what was asked of whom for 30 days, and nobody can delete one: place 24 of the map, banned.",
    ),
    Acknowledged(
        ("APIGWXrayEnabled",),
        _STAGE,
        "A trace keeps what was asked of whom for 30 days, and nobody can delete one: place 24 of the map, banned.",
    ),
    Acknowledged(
        ("APIG6", "APIGWExecutionLoggingEnabled"),
        _STAGE,
        "Execution logs hold whole requests, numbers and texts included. The access log names key, tenant, route as it "
        "is declared and status, and is kept for a year.",
    ),
    Acknowledged(
        ("APIGWCacheEnabledAndEncrypted",),
        _STAGE,
        "A cache would hold answers with persons' data past their erasure, and one tenant's beside another's. Every "
        "answer depends on who asks; there is none to cache.",
    ),
)

API = (
    Acknowledged(
        ("APIG2",),
        ("pipeline/RestApi/Api/Resource",),
        "A request is read into typed values by the function behind its route, which names the field that is wrong "
        "(RFC 9457) and never the value; the gateway's own validation answers for a body as a whole.",
    ),
    Acknowledged(
        ("APIG3", "APIGWAssociatedWithWAF"),
        _STAGE,
        "A firewall is a choice of the operator: it sees addresses and whole requests, and costs more than the "
        "gateway for a small tenant. Limits of rate and size, the form of a key and its digest are checked without.",
    ),
    Acknowledged(
        ("APIGWSSLEnabled",),
        _STAGE,
        "A client certificate of the gateway's proves it to a backend over HTTP. The only integrations are Lambda "
        "functions, which are invoked by IAM and by nobody else: a test compares their permissions.",
    ),
    Acknowledged(
        ("APIG4",),
        _methods(OPEN_ROUTES),
        "Carriers have no API key, nor has a person who fetches an archive. The function checks the token of the path, "
        "and a carrier's signature on the raw bytes, before it reads anything; a link to an archive works once.",
    ),
    Acknowledged(
        ("COG4",),
        _methods(ROUTES) + _methods(OPEN_ROUTES),
        "Cognito knows users with passwords. Clients here are programs with API keys of a tenant, which a Lambda "
        "authorizer looks up by their digest; keys are revoked within a minute.",
    ),
)

FUNCTIONS = (
    Acknowledged(
        ("L1",),
        _FUNCTIONS,
        "Python 3.13: the layer is built, and its bytecode compiled, for one version, and the locks with their hashes "
        "are for it. It moves by a change of the lock, tested as a whole, not by a new runtime's date.",
    ),
    Acknowledged(
        ("LambdaInsideVPC",),
        _FUNCTIONS,
        "Functions call AWS's own endpoints over TLS, carriers and webhooks on the internet. In a VPC each would need "
        "a NAT gateway for that, which filters nothing, and endpoints by the hour; a webhook's address is checked.",
    ),
    Acknowledged(
        ("LambdaConcurrency",),
        _FUNCTIONS,
        "Reserved concurrency is taken from the account's, which is 1,000 or less: a reservation for each would starve "
        "the others. Queues wake at most as many as is stated for each, the API has a rate and a burst.",
    ),
    Acknowledged(
        ("LambdaDLQ",),
        _FUNCTIONS,
        "A dead-letter queue of Lambda's own takes whole events of asynchronous calls. Here queues and schedules have "
        "theirs, streams report the place of a batch, and the API and the state machines are told at once.",
    ),
)

RIGHTS = (
    Acknowledged(
        ("IAMNoInlinePolicy",),
        _ROLES,
        "Each role has a policy of its own, for exactly what its function calls: an inline policy goes with its role, "
        "and can be attached to no other. A shared managed policy would be the sum of what several need.",
    ),
    Acknowledged(
        ("SMG4", "SecretsManagerRotationEnabled"),
        tuple(f"pipeline/Carrier-{name}/Secret" for name in ("simulator", "simulator-account")),
        "The credentials are the carrier's to issue, by hand or on its own site: nothing here could make new ones. The "
        "operator puts them into the secret, and functions read it anew within five minutes.",
    ),
    Acknowledged(
        ("SQS3",),
        _LAST_QUEUES,
        "They are dead-letter queues themselves, of schedules and of streams, which the pack does not see; an alarm "
        "watches each, and an operator is their only reader.",
    ),
    Acknowledged(
        ("IAM5 stream/*",),
        _roles("relay", "tally"),
        "A stream's name ends in the time when it was switched on: CloudFormation knows it, and a new one has another.",
    ),
    Acknowledged(
        (
            "IAM5 table/fugace-E-cases-restore-*",
            "IAM5 table/fugace-E-messages-restore-*",
            "IAM5 table/fugace-E-tenants-restore-*",
        ),
        _roles("restore"),
        "A table is restored under a name that says when it was asked for; each is deleted by the same run.",
    ),
    Acknowledged(
        ("IAM5 schedule/fugace-E/*",),
        _roles("relay", "dispatch", "notify", "erase", "leave"),
        "One-off schedules are named after opaque ids, in the environment's own group: the group is the bound.",
    ),
    Acknowledged(
        ("IAM5 execution:fugace-E-requests:*",),
        _roles("watch"),
        "A run is named after its request, an opaque id; the machine is named.",
    ),
    Acknowledged(
        ("IAM5 checkpoints/*",),
        _roles("retention", "checkpoint"),
        "Checkpoints are named after their day; nothing else is in that folder.",
    ),
    Acknowledged(
        ("IAM5 ten_*",),
        _roles("sweep", "requests", "export", "erase", "depart", "leave"),
        "Archives are named after tenant and request, both opaque ids. Which of them a call may touch is decided by "
        "the tenant's key: IAM knows roles, and a role serves all tenants.",
    ),
    Acknowledged(
        ("IAM5 alarm:fugace-E-*",),
        ("pipeline/Release/Role/Resource",),
        "CodeDeploy asks for the state of the alarms that roll back: the environment's own, of which it reads alone.",
    ),
    Acknowledged(
        ("IAM5 log-group:*",),
        ("pipeline/RestApi/LogRole/Resource",),
        "The account's setting under which API Gateway writes logs: it checks for these actions on every group before "
        "it takes the role, which nobody else may take.",
    ),
)

ACKNOWLEDGED = (*STORAGE_LIMITATION, *API, *FUNCTIONS, *RIGHTS)


def _alarms(environment: Environment) -> Iterator[Acknowledged]:
    leaves = sorted({leaf for cause in causes(environment) for leaf in cause.leaves})
    yield Acknowledged(
        ("CloudWatchAlarmAction",),
        tuple(f"watch/Alarms/{leaf}/Resource" for leaf in leaves),
        "It wakes nobody by itself: it belongs to one cause, whose composite alarm does. A hundred alarms of one cause "
        "would wake somebody a hundred times.",
    )
    yield Acknowledged(
        ("CloudWatchAlarmAction",),
        tuple(f"pipeline/Release/{name}-release-alarm/Resource" for name in (*DUTIES, "api")),
        "CodeDeploy looks at it while a new version takes over, and takes the version back; outside of that it means "
        "nothing that the watch would not say.",
    )


def findings(environment: Environment) -> Iterator[tuple[str, str, str]]:
    """Rule, construct path and reason, one by one."""
    for each in (*ACKNOWLEDGED, *_alarms(environment)):
        for rule in each.rules:
            for path in each.where:
                yield rule, f"{environment.named()}-{path}", each.reason
