"""What is asked for persons on the deployed stack, and where to look what became of it."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3

from tests.journeys import scan
from tests.journeys.conftest import FINAL, Stack, Tenant, wait_for

TEXT = "Quagga-Okapi 3141: votre colis est arrivé €"


def strangers(hundreds: range, count: int) -> list[str]:
    """Numbers that nobody else here writes to: others each time, for a stack may be used again.

    What ends in 50 to 99 the simulator delivers.
    """
    return [
        f"+3363998{each}"
        for each in random.sample([100 * number + end for number in hundreds for end in range(50, 100)], count)
    ]


def send(tenant: Tenant, to: str, count: int, **more: Any) -> list[str]:
    """Messages to one person; their ids."""
    item = {"to": to, "text": TEXT, "category": "transactional", **more}
    answer = tenant.client("POST", "/v1/messages", {"messages": [item] * count})
    assert answer.json["accepted"] == count, answer.text
    return [result["id"] for result in answer.json["results"]]


def delivered(tenant: Tenant, ids: list[str]) -> None:
    def over() -> bool:
        return all(tenant.client("GET", f"/v1/messages/{each}").json["status"] in FINAL for each in ids)

    wait_for(over, seconds=90, every=1)


def body(kind: str, to: str, **ours: Any) -> dict[str, Any]:
    more = {"extensions": {"fugace": ours}} if ours else {}
    return {
        "regulation": "gdpr",
        "subject_request_id": str(uuid4()),
        "subject_request_type": kind,
        "submitted_time": (datetime.now(UTC) - timedelta(days=2)).isoformat(),
        "subject_identities": [{"identity_type": "phone_e164", "identity_value": to, "identity_format": "raw"}],
        **more,
    }


def file(tenant: Tenant, kind: str, to: str, *callbacks: str, **ours: Any) -> dict[str, Any]:
    """A request; what was answered. `callbacks`: addresses that are told."""
    told = {"status_callback_urls": callbacks} if callbacks else {}
    answer = tenant.client("POST", "/v1/requests", body(kind, to, **ours) | told)
    assert answer.status == 201, answer.text
    assert to[1:] not in answer.text
    found: dict[str, Any] = answer.json
    return found


def state(tenant: Tenant, filed: dict[str, Any]) -> str:
    return str(ours(tenant, filed)["state"])


def ours(tenant: Tenant, filed: dict[str, Any]) -> dict[str, Any]:
    """What is said of it in our own words."""
    answer = tenant.client("GET", f"/v1/requests/{filed['subject_request_id']}")
    found: dict[str, Any] = answer.json["extensions"]["fugace"]
    return found


def reached(tenant: Tenant, filed: dict[str, Any], *states: str) -> None:
    wait_for(lambda: state(tenant, filed) in states, seconds=150, every=1)


def rows(environment: str, table: str, tenant: Tenant) -> dict[str, Any]:
    """Every row of a table in which a tenant is named, as it is stored."""
    found = {}
    for page in boto3.client("dynamodb").get_paginator("scan").paginate(TableName=f"fugace-{environment}-{table}"):
        for row in page["Items"]:
            if tenant.id in scan.raw(row).decode(errors="replace"):
                key = next(row[name]["S"] for name in ("pk", "item", "subject") if name in row)
                found[key] = row
    return found


def subject_of(row: dict[str, Any]) -> str:
    return str(row["subject"]["S"])


def texts(stack: Stack, to: str) -> list[str]:
    """What the carrier was given for a number, and still has."""
    found = stack.simulator("POST", "/messages/search", {"to": to}).json["messages"]
    return [str(each["order"]["text"]) for each in found]


def histories(environment: str) -> Iterator[bytes]:
    """Everything that Step Functions remembers of every run."""
    states = boto3.client("stepfunctions")
    for page in states.get_paginator("list_state_machines").paginate():
        for machine in page["stateMachines"]:
            if not machine["name"].startswith(f"fugace-{environment}"):
                continue
            for runs in states.get_paginator("list_executions").paginate(stateMachineArn=machine["stateMachineArn"]):
                for run in runs["executions"]:
                    yield scan.raw(run)
                    whole = states.get_paginator("get_execution_history").paginate(executionArn=run["executionArn"])
                    yield from (scan.raw(page) for page in whole)
