"""What a million messages cost on AWS, from what was counted and from the dated prices of `fugace cost` (B19)."""

from dataclasses import dataclass

from cli import estimate
from cli.cost import Prices

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


def million(one: PerMessage, region: str) -> dict[str, float]:
    """US dollars by line for a million messages in `region`, kept for a month; their sum is the bill.

    What cannot be counted here (Lambda's clock, egress) is assumed as `fugace cost` does, and prices are its own.
    """
    price = Prices.of(region).each
    logs = one.log_bytes + estimate.SERVICE_LOG * one.lambda_requests + estimate.ACCESS_LOG * one.api_requests
    gigabytes = one.record_bytes * _MILLION / 1e9
    return {
        "API requests": one.api_requests * price["api"],
        "DynamoDB writes, accept to final": one.write_units * price["writes"],
        "DynamoDB writes, purge": one.purge_units * price["writes"],
        "DynamoDB reads": one.read_units * price["reads"],
        "logs": logs * _MILLION / 1e9 * price["logs"],
        "Lambda time": estimate.SECONDS * estimate.GIGABYTES * price["lambda_time"],
        "Lambda requests": one.lambda_requests * price["lambda_requests"],
        "storage and PITR": gigabytes * (price["storage"] + price["backup"]),
        "SQS": one.sqs_requests * price["queue"],
        "KMS": one.kms_requests * price["kms"],
        "egress": estimate.EGRESS * _MILLION / 1e9 * price["egress"],
    }
