"""What a million messages cost on AWS, recomputed from what was counted and from a dated price file (B19)."""

import json
from dataclasses import dataclass
from pathlib import Path

_PRICES = Path(__file__).with_name("prices.json")
_MILLION = 1_000_000
RECORDED = {"eu-west-1": 17.36, "eu-central-1": 18.46, "eu-west-3": 17.8}
"""What docs/performance.md says: more than 10 % off, and the page, or the change, is wrong."""


@dataclass(frozen=True, slots=True)
class PerMessage:
    """What one message takes, from accept to its last webhook, and to its purge."""

    api_requests: float
    lambda_requests: float
    write_units: float
    purge_units: float
    read_units: float
    sqs_requests: float
    kms_requests: float
    log_bytes: float
    record_bytes: float
    # Assumed, not measured here: a laptop tells nothing about Lambda's clock.
    lambda_seconds: float = 0.105
    """Billed, all functions together, at 512 MB: performance of botocore calls at 0.29 vCPU."""
    memory_gb: float = 0.5
    months_kept: float = 1.0
    egress_bytes: float = 3_000.0
    service_log_bytes: float = 26.0
    """What CloudWatch adds to each line. START, END and REPORT are off (system log level WARN)."""
    access_log_bytes: float = 150.0
    """Of each API request."""


def million(one: PerMessage, region: str) -> dict[str, float]:
    """US dollars by line for a million messages in `region`; their sum is the bill."""
    price: dict[str, float] = json.loads(_PRICES.read_text())["regions"][region]
    logs = one.log_bytes + one.service_log_bytes * one.lambda_requests + one.access_log_bytes * one.api_requests
    gigabytes = one.record_bytes * _MILLION / 1e9
    return {
        "API requests": one.api_requests * price["api"],
        "DynamoDB writes, accept to final": one.write_units * price["write"],
        "DynamoDB writes, purge": one.purge_units * price["write"],
        "DynamoDB reads": one.read_units * price["read"],
        "logs": logs * _MILLION / 1e9 * price["logs"],
        "Lambda time": one.lambda_seconds * one.memory_gb * _MILLION * price["lambda_gb_s"],
        "Lambda requests": one.lambda_requests * price["lambda_requests"],
        "storage and PITR": gigabytes * one.months_kept * (price["storage"] + price["pitr"]),
        "SQS": one.sqs_requests * price["sqs"],
        "KMS": one.kms_requests * _MILLION / 10_000 * price["kms"],
        "egress": one.egress_bytes * _MILLION / 1e9 * price["egress"],
    }
