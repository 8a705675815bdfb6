"""What a month takes of AWS's services: how many requests, units and gigabytes. No price is here.

What a message takes is counted by `make bench`, and stands in docs/performance.md; a test compares the two. What could
not be counted here, because it is Lambda's clock or how tenants behave, is assumed, and says so.
"""

import math
from dataclasses import dataclass

MILLION = 1_000_000
DAYS, HOURS = 30.4, 730.0
"""Of a month."""

# Counted (docs/performance.md).
WRITES, WRITES_DEDUPLICATED = 6.0, 5.0
"""From accept to final (B10)."""
PURGE = 4.03
"""To purge a record with its indexes, its text before that, and what counts them."""
READS = 4.5
"""Three GetItem, and the reads that come in batches (B9)."""
FUNCTIONS = 2.45
"""Of which two are the API's: accept, and the receipt."""
QUEUE = 0.99
"""Requests to SQS, in batches of ten (B9, and Lambda's own to receive and delete)."""
LOG = 668.0
"""Bytes of all functions' lines (B16)."""
RECORD, RECORD_OF_SEGMENT = 565, 75
"""Bytes of a text of one segment, and of each further one: 700 characters are five (B11)."""
UNIT = 1_024
PASSES, RUNS = 3, 8_760
"""Of reconcile: how often it looks at a tenant in a run, with one receipt limit, and how often it runs."""
ACTIVE = 9
"""Days of activity that it looks at."""

# Assumed.
SECONDS, GIGABYTES = 0.105, 0.5
"""Billed, all functions together."""
EGRESS = 3_000.0
SERVICE_LOG, ACCESS_LOG = 26.0, 150.0
"""What CloudWatch adds to each line; and the access log of a request."""
OF_A_DAY = 3.0
"""Writes for a tenant on a day on which it is active: the register, what is to be looked at, the key's last use."""
OF_AN_HOUR = 6.0
"""Units that an hour of purges takes of a tenant's ledger: entry, book and tally, in one transaction."""
TRANSITIONS = 60.0
"""Of a person's request: it passes no more states than there are, repeats and waits apart."""
REQUEST_SECONDS, REQUEST_WRITES = 20.0, 60.0
METRICS = 40
TABLES, PERIODS = 6, 8_760
"""DynamoDB asks KMS for a table's key every five minutes; so does a process for the root key."""
LOOKS = 15_000
"""Runs a month of what is woken by schedules."""
FREE_SCHEDULES = 14 * MILLION

# In the templates.
ALARMS, COMPOSITES, DASHBOARDS, KEYS, SECRETS = 193, 19, 5, 4, 2


@dataclass(frozen=True, slots=True)
class Month:
    """What is asked of Fugace in a month."""

    messages: float
    tenants: float
    days_kept: float
    """Of a record."""
    segments: int = 1
    webhooks: float = 1
    """How many are told of a message."""
    requests: float = 0
    """Persons'."""
    persons: float = 0.2
    """The part of the messages that goes to somebody new."""
    later: float = 0
    """The part of the messages that has to wait on a schedule."""
    deduplicates: bool = False
    """Whether the carrier does, so that no claim is written."""
    log_days: float = 30

    def active(self, days: float) -> float:
        """How many tenants send anything in so many days, if they send alike and at random."""
        each = self.messages / self.tenants
        return self.tenants * (1 - math.exp(-each * days / DAYS))


def amounts(month: Month) -> dict[str, dict[str, float]]:
    """By what it is for, then by what is paid: millions of requests and units, gigabytes, things."""
    return {"messages": _messages(month), "tenants": _tenants(month), "requests": _requests(month), "house": _house()}


def _messages(month: Month) -> dict[str, float]:
    size = RECORD + RECORD_OF_SEGMENT * (month.segments - 1)
    larger = math.ceil(size / UNIT) - 1
    accept = (WRITES_DEDUPLICATED if month.deduplicates else WRITES) + 4 * larger + month.persons + 0.1 * month.webhooks
    told = month.webhooks - 1
    log = LOG + SERVICE_LOG * FUNCTIONS + ACCESS_LOG * 2
    gigabytes = month.messages * size / 1e9 * month.days_kept / DAYS
    millions = month.messages / MILLION
    return {
        "api": 2 * millions,
        "lambda_requests": (FUNCTIONS + 0.1 * told) * millions,
        "lambda_time": (SECONDS + 0.02 * told) * GIGABYTES * millions,
        "writes": (accept + PURGE + 2 * larger) * millions,
        "reads": READS * millions,
        "storage": gigabytes,
        "backup": gigabytes,
        "queue": QUEUE * millions,
        "schedules": max(0.0, month.messages * month.later - FREE_SCHEDULES) / MILLION,
        "logs": log * millions / 1e3,
        "logs_kept": log * millions / 1e3 * month.log_days / DAYS,
        "egress": (EGRESS + 1_500 * told) * millions / 1e3,
    }


def _tenants(month: Month) -> dict[str, float]:
    """What many small ones take more than one large one."""
    days = DAYS * month.active(1)
    hours = min(month.messages, HOURS * month.active(1 / 24))
    return {
        "writes": (OF_A_DAY * days + OF_AN_HOUR * hours) / MILLION,
        "reads": PASSES * RUNS * month.active(ACTIVE) / MILLION,
    }


def _requests(month: Month) -> dict[str, float]:
    millions = month.requests / MILLION
    return {
        "transitions": TRANSITIONS * millions,
        "writes": REQUEST_WRITES * millions,
        "lambda_time": REQUEST_SECONDS * GIGABYTES * millions,
        "lambda_requests": TRANSITIONS * millions,
        "kms": 3 * millions,
    }


def _house() -> dict[str, float]:
    """What is paid although nobody sends."""
    return {
        "key": KEYS,
        "secret": SECRETS,
        "alarm": ALARMS,
        "composite": COMPOSITES,
        "dashboard": DASHBOARDS,
        "metric": METRICS,
        "kms": 2 * TABLES * PERIODS / MILLION,
        "lambda_requests": LOOKS / MILLION,
        "lambda_time": LOOKS * 0.3 * GIGABYTES / MILLION,
    }
