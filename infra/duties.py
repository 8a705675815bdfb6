"""What each function is woken for, what it may do, and what it is told: one row each, and nothing else is granted.

Rows are read by `infra.parts.access` (policies) and `infra.parts.function` (environment). The actions are those that
the function's code calls, so a new call needs a word here.
"""

from dataclasses import dataclass

from infra.config import Environment

MEGABYTES = 512
"""CPU comes with memory. Importing the SDK is most of a cold start and bound by CPU; a function holds about 90 MB."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One function's row. Actions are the words after `dynamodb:`, `scheduler:`, `s3:` and `states:`."""

    handler: str
    """Dotted from the repository root; its second word is the room that is packed."""
    seconds: int
    """Timeout. Where a client waits, 10 if nothing is said: API Gateway gives up at 29."""
    tenants: str = ""
    messages: str = ""
    purge: str = ""
    ledger: str = ""
    """Nobody's row says UpdateItem or DeleteItem here: what is in the ledger stays as it is."""
    cases: str = ""
    indexes: tuple[str, ...] = ()
    """Indexes that it may query, of `INDEXES`."""
    stream: bool = False
    """May read the stream of the messages table."""
    subject_keys: str = ""
    case_keys: str = ""
    """In the same table, on the rows of requests' own keys alone: no person's row can be named under this right."""
    root_key: bool = False
    """May have the root key unwrapped, under this environment's encryption context alone."""
    sends: tuple[str, ...] = ()
    """Queues it may put something on: `carriers`, `notify`, `receipts`, `sweep`, `callbacks`, `…-failures`."""
    consumes: str = ""
    """The queue, or queues, that wake it."""
    credentials: bool = False
    """May read the carriers' secrets."""
    carriers: bool = False
    """Is told the configured carriers (CARRIERS)."""
    checkpoints: str = ""
    """What it may do with the ledger's checkpoints, in S3's words."""
    exports: str = ""
    """What it may do with archives made for persons, in S3's words."""
    signs: bool = False
    """May sign checkpoints."""
    certifies: str = ""
    """What it may do with the key of certificates and callbacks, in KMS's words."""
    machine: str = ""
    """What it may do with the state machine that answers persons' requests."""
    restores: tuple[str, ...] = ()
    """Tables that it may have restored beside themselves, as they were, and what it may do there with the rows."""
    timer: str = ""
    settings: tuple[str, ...] = ()
    """Further variables: PLANS, PUBLIC_URL, WEBHOOK_EXCEPTIONS, WAITING, LEAVE_WAITING."""
    megabytes: int = MEGABYTES
    repeats: bool = False
    """Puts work back on the queue that wakes it: Lambda's loop detection would stop it after 16 rounds."""

    @property
    def room(self) -> str:
        """The folder under functions/ that is packed for it."""
        return self.handler.split(".")[1]

    def queues(self, environment: Environment) -> tuple[str, ...]:
        """The queues it sends to, by key."""
        return tuple(key for name in self.sends for key in spread(name, environment))


def spread(name: str, environment: Environment) -> tuple[str, ...]:
    """`carriers` stands for every carrier's queue; any other name for itself."""
    return environment.carrier_queues if name == "carriers" else (name,)


INDEXES = {
    "by-subject": "messages",
    "by-time": "messages",
    "by-content": "messages",
    "by-due": "purge",
    "by-day": "ledger",
    "by-objection": "subject-keys",
    "by-deadline": "cases",
    "by-person": "cases",
    "by-look": "cases",
}
"""Each index there is, and its table."""

DUTIES = {
    "auth": Duty(
        "functions.auth.authorizer.handle",
        10,
        tenants="BatchGetItem GetItem PutItem UpdateItem",
        purge="UpdateItem",
        settings=("PLANS",),
    ),
    "keys": Duty(
        "functions.auth.handler.handle",
        10,
        tenants="GetItem PutItem Query UpdateItem",
        purge="UpdateItem",
    ),
    "send": Duty(
        "functions.send.handler.handle",
        10,
        tenants="GetItem",
        messages="BatchGetItem DeleteItem GetItem PutItem UpdateItem",
        indexes=("by-time",),
        subject_keys="BatchGetItem GetItem PutItem UpdateItem",
        root_key=True,
        carriers=True,
    ),
    "relay": Duty(
        "functions.send.events.relay",
        60,
        stream=True,
        sends=("carriers", "notify", "relay-failures"),
        carriers=True,
        timer="CreateSchedule DeleteSchedule",
    ),
    "dispatch": Duty(
        "functions.send.events.dispatch",
        60,
        tenants="GetItem",
        messages="GetItem UpdateItem",
        subject_keys="GetItem",
        root_key=True,
        sends=("carriers",),
        consumes="carriers",
        credentials=True,
        carriers=True,
        timer="CreateSchedule",
        settings=("PUBLIC_URL",),
        repeats=True,
    ),
    "receive": Duty(
        "functions.dlr.handler.receive",
        10,
        tenants="GetItem",
        messages="GetItem UpdateItem",
        root_key=True,
        sends=("receipts",),
        credentials=True,
        carriers=True,
    ),
    "webhooks": Duty(
        "functions.dlr.handler.webhooks",
        29,  # a replay reads and sends a thousand
        tenants="DeleteItem GetItem PutItem Query",
        messages="BatchGetItem GetItem",
        indexes=("by-time",),
        subject_keys="BatchGetItem GetItem",
        root_key=True,
        sends=("notify",),
        settings=("WEBHOOK_EXCEPTIONS",),
    ),
    "receipts": Duty(
        "functions.dlr.events.late",
        30,
        messages="GetItem UpdateItem",
        consumes="receipts",
    ),
    "notify": Duty(
        "functions.dlr.events.notify",
        90,  # ten events for ten webhooks each, 25 at a time, 15 seconds at worst
        tenants="GetItem PutItem Query UpdateItem",
        messages="BatchGetItem GetItem",
        subject_keys="BatchGetItem GetItem",
        root_key=True,
        sends=("notify",),
        consumes="notify",
        timer="CreateSchedule",
        settings=("WEBHOOK_EXCEPTIONS",),
        repeats=True,
    ),
    "reconcile": Duty(
        "functions.purge.events.reconcile",
        300,
        tenants="GetItem Query UpdateItem",
        messages="BatchGetItem UpdateItem",
        indexes=("by-time",),
        sends=("carriers",),
        carriers=True,
    ),
    "retention": Duty(
        "functions.purge.handler.handle",
        29,  # a simulation counts what is there
        tenants="GetItem PutItem Query UpdateItem",
        messages="BatchGetItem GetItem UpdateItem",
        purge="Query UpdateItem",
        ledger="PutItem Query",
        indexes=("by-objection", "by-time"),
        cases="Query",
        root_key=True,
        checkpoints="GetObject ListBucket",
        sends=("sweep",),
    ),
    "plan": Duty(
        "functions.purge.events.plan",
        300,
        tenants="GetItem",
        purge="Query",
        indexes=("by-due",),
        sends=("sweep",),
    ),
    "sweep": Duty(
        "functions.purge.events.sweep",
        300,
        tenants="DeleteItem GetItem PutItem Query UpdateItem",
        messages="BatchGetItem DeleteItem GetItem PartiQLDelete PartiQLUpdate UpdateItem",
        purge="DeleteItem GetItem PutItem Query UpdateItem",
        ledger="PutItem Query",
        indexes=("by-content", "by-objection", "by-subject", "by-time"),
        cases="DeleteItem Query",
        exports="AbortMultipartUpload DeleteObjectVersion ListBucketMultipartUploads ListBucketVersions",
        subject_keys="DeleteItem UpdateItem",  # it marks and destroys keys, and never has one in its hands
        sends=("sweep",),
        consumes="sweep",
        repeats=True,
    ),
    "tally": Duty(
        "functions.purge.events.tally",
        60,
        purge="PutItem",
        stream=True,
        sends=("tally-failures",),
    ),
    "checkpoint": Duty(
        "functions.purge.events.checkpoint",
        300,
        ledger="Query",
        indexes=("by-day",),
        checkpoints="GetObject ListBucket PutObject",
        signs=True,
    ),
    # A person's request. Who reads cannot delete, who deletes cannot decrypt, who asks carriers sees no message.
    "requests": Duty(
        "functions.dsar.counter.handler.handle",
        29,  # a list reads each request by itself
        tenants="BatchGetItem GetItem Query",  # a tenant leaves by two keys, with no hold left
        purge="UpdateItem",
        ledger="PutItem Query",
        indexes=("by-deadline", "by-person"),
        cases="DeleteItem GetItem PutItem Query UpdateItem",
        case_keys="DeleteItem GetItem PutItem",
        root_key=True,
        exports="GetObject ListBucket",
        certifies="GetPublicKey Sign",
        machine="SendTaskSuccess StartExecution",
        sends=("callbacks",),
        settings=("PUBLIC_URL", "WAITING", "WEBHOOK_EXCEPTIONS"),
    ),
    "settle": Duty(
        "functions.dsar.course.settle_task.handle",
        60,
        tenants="GetItem",
        purge="UpdateItem",
        ledger="PutItem Query",
        cases="DeleteItem GetItem PutItem UpdateItem",  # a request that is proved claims its person
        case_keys="DeleteItem",
        sends=("callbacks",),
        settings=("WAITING", "LEAVE_WAITING"),
    ),
    "verify": Duty(
        "functions.dsar.course.verify_task.handle",
        60,
        tenants="GetItem",
        messages="GetItem PutItem",
        subject_keys="GetItem PutItem UpdateItem",
        indexes=("by-person",),
        cases="GetItem UpdateItem",
        root_key=True,
    ),
    "export": Duty(
        "functions.dsar.archive.export_task.handle",
        900,
        tenants="GetItem Query",
        messages="BatchGetItem",
        subject_keys="GetItem",
        purge="UpdateItem",
        ledger="PutItem Query",
        indexes=("by-person", "by-subject"),
        cases="GetItem UpdateItem",
        root_key=True,
        carriers=True,
        exports="AbortMultipartUpload PutObject",
        megabytes=1024,
    ),
    "erase": Duty(
        "functions.dsar.erasure.erase_task.handle",
        300,
        tenants="GetItem PutItem Query",  # it lifts what keeps a person's data because the person asked for it
        messages="BatchGetItem PartiQLDelete",
        subject_keys="GetItem UpdateItem",  # of wrapped keys it can make nothing
        purge="UpdateItem",
        ledger="PutItem Query",
        indexes=("by-person", "by-subject"),
        cases="DeleteItem GetItem PutItem Query UpdateItem",
        case_keys="DeleteItem",
        exports="AbortMultipartUpload DeleteObjectVersion ListBucketMultipartUploads ListBucketVersions",
        carriers=True,
        sends=("sweep",),
        timer="DeleteSchedule",
    ),
    # A tenant that leaves: again, who reads everything cannot delete, and who deletes everything cannot decrypt.
    "depart": Duty(
        "functions.dsar.departure.depart_task.handle",
        900,
        tenants="GetItem Query",
        messages="BatchGetItem",
        subject_keys="BatchGetItem GetItem",
        purge="UpdateItem",
        ledger="PutItem Query",
        indexes=("by-time",),
        cases="GetItem Query UpdateItem",
        root_key=True,
        carriers=True,
        exports="AbortMultipartUpload PutObject",
        megabytes=2048,  # what stands behind the messages in the archive waits, compressed
    ),
    "leave": Duty(
        "functions.dsar.departure.leave_task.handle",
        600,
        tenants="DeleteItem GetItem Query UpdateItem",
        messages="BatchGetItem PartiQLDelete",
        subject_keys="DeleteItem",  # as the sweep: it never has one in its hands
        purge="DeleteItem Query",
        ledger="PutItem Query",
        indexes=("by-deadline", "by-objection", "by-time"),
        cases="DeleteItem GetItem PutItem Query UpdateItem",
        case_keys="DeleteItem",
        exports="AbortMultipartUpload DeleteObjectVersion ListBucketMultipartUploads ListBucketVersions",
        carriers=True,
        timer="DeleteSchedule",
    ),
    "recall": Duty(
        "functions.dsar.erasure.recall_task.handle",
        300,
        cases="DeleteItem GetItem Query UpdateItem",
        credentials=True,
        carriers=True,
    ),
    "amend": Duty(
        "functions.dsar.amendment.amend_task.handle",
        300,
        tenants="GetItem PutItem Query",  # a restriction is a hold, for as long as it lasts
        messages="BatchGetItem UpdateItem",
        subject_keys="DeleteItem GetItem PutItem UpdateItem",  # a row of nothing but a wish goes
        purge="PutItem UpdateItem",
        ledger="PutItem Query",
        indexes=("by-person", "by-subject"),
        cases="GetItem UpdateItem",
        root_key=True,
        sends=("sweep",),
    ),
    "certify": Duty(
        "functions.dsar.course.certify_task.handle",
        60,
        cases="GetItem UpdateItem",
        ledger="PutItem Query",
        certifies="GetPublicKey Sign",
        carriers=True,
    ),
    "watch": Duty(
        "functions.dsar.course.events.watch",
        300,
        tenants="Query",
        indexes=("by-look",),
        cases="GetItem UpdateItem",
        machine="DescribeExecution StartExecution",
        sends=("callbacks",),
    ),
    "callback": Duty(
        "functions.dsar.course.events.callback",
        60,
        cases="GetItem UpdateItem",
        certifies="Sign",
        sends=("callbacks",),
        consumes="callbacks",
        settings=("PUBLIC_URL", "WEBHOOK_EXCEPTIONS"),
        repeats=True,
    ),
    # A table as it was. Nobody wakes it but an operator's own machine.
    "restore": Duty(
        "functions.dsar.restoring.restore_task.handle",
        900,
        tenants="BatchGetItem GetItem PutItem Query",
        messages="BatchGetItem PutItem",
        subject_keys="GetItem UpdateItem",  # it plants somebody erased; no key ever comes back
        purge="PutItem Query",
        ledger="PutItem Query",
        cases="BatchGetItem GetItem PutItem",
        restores=("messages", "tenants", "cases"),
    ),
}
