"""Cold starts and CPU: ratios against bare boto3 doing the same (B1, B2, B3, B5, B7, B8, B17, B18)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import process
from bench.budget import Figure
from bench.process import SLACK
from bench.stub import serve
from bench.work import ENVIRONMENT

FORBIDDEN = ["boto3", "pydantic", "aws_xray_sdk", "requests", "httpx", "jinja2", "multiprocessing"]

_IMPORT_OURS = """
from functions.send import handler
from fugace.adapters.session import shared
handler.outbox(); shared().client("dynamodb"); shared().client("kms")
"""
_IMPORT_BARE = """
import boto3
boto3.client("dynamodb"); boto3.client("kms")
"""
_CALLS = """
key = {{"tenant": {{"S": "root"}}, "item": {{"S": "key/1"}}}}
sealed = table.get_item(TableName="fugace-bench-tenants", Key=key)["Item"]["sealed"]["B"]
kms.decrypt(CiphertextBlob=sealed, EncryptionContext={{"environment": "bench", "purpose": "root"}})
absent = "attribute_not_exists(pk)"
table.put_item(TableName="fugace-bench-messages", Item={{"pk": {{"S": "x"}}}}, ConditionExpression=absent)
"""
_FIRST_OURS = """
from fugace.adapters.session import shared
table, kms = shared().client("dynamodb"), shared().client("kms")
""" + _CALLS.format()
_FIRST_BARE = """
import boto3
table, kms = boto3.client("dynamodb"), boto3.client("kms")
""" + _CALLS.format()
_WHOLE = """
from functions.send import handler
from bench.work import CONTEXT, event, quiet
with quiet():
    answer = handler.handle(event({tenant!r}, 1), CONTEXT)
assert answer["statusCode"] == 202, answer
"""


def figures(root: Path, layer: Path, functions: Path) -> list[Figure]:
    """All of them. `layer` and `functions` are what is put into Lambda, built for this machine."""
    ours = {**ENVIRONMENT, "PYTHONPATH": f"{layer / 'python'}:{functions}:{root}"}
    bare = {**ENVIRONMENT, "PYTHONPATH": str(root)}
    return [*_starts(ours, bare, layer), *_warm(ours, bare), *_keys(ours)]


def _starts(ours: dict[str, str], bare: dict[str, str], layer: Path) -> Iterator[Figure]:
    start = process.ratio(_IMPORT_OURS, _IMPORT_BARE, ours, bare)
    yield Figure("B1", "import of the accept function / bare boto3, same clients", start, 1.30 * SLACK, 1.60 * SLACK)
    loaded = _told(f"modules({FORBIDDEN!r})", ours)
    yield Figure("B2", "modules loaded after the first accept", loaded["count"], 600)
    found = loaded["forbidden"]
    yield Figure("B2", "forbidden modules among them", len(found), 0, 0, note=", ".join(found))
    yield Figure("B3", "SDK sessions in one process", _told("sessions()", ours), 1, 1)
    with _stubbed(layer) as (tenant, env, bundle):
        ends = {**env, "AWS_CA_BUNDLE": str(bundle)}
        whole = {**env, "AWS_CA_BUNDLE": str(bundle.with_name("whole.pem"))}
        first = process.ratio(_FIRST_OURS, _FIRST_BARE, ours | ends, bare | whole)
        accept = process.ratio(_WHOLE.format(tenant=tenant), _FIRST_BARE, ours | ends, bare | whole)
    note = "GetItem, Decrypt, PutItem over TLS; our clients, pruned data, the Amazon roots alone"
    yield Figure(
        "B5", "start to the first answered calls / untrimmed boto3", first, 0.65 * SLACK, 0.85 * SLACK, "", note
    )
    yield Figure(
        "", "start to the first answered accept / the same", accept, note="with everything that an accept does"
    )


def _warm(ours: dict[str, str], bare: dict[str, str]) -> Iterator[Figure]:
    call = "from bench.work import {0}; {0}({1})"
    costs = {
        name: process.slope(call.format(name, 5), call.format(name, 45), 40, env)
        for name, env in (("accept", ours), ("bare", bare), ("alone", ours))
    }
    accept, alone = costs["accept"] / costs["bare"], costs["alone"] / costs["bare"]
    yield Figure("B7", "one accept / the two bare calls it must make", accept, 1.25 * SLACK, 1.5 * SLACK)
    yield Figure("B8", "our own part of it, without calls / those calls", alone, 0.10 * SLACK, 0.20 * SLACK)
    spent = _told("accept(1000)", ours)["seconds"]
    yield Figure("", "messages accepted a second and core, in process", 1000 / spent, note="AWS answers at once")


def _keys(ours: dict[str, str]) -> Iterator[Figure]:
    one, many = _told("accept(1000)", ours)["kms"], _told("accept(1000, of=1000)", ours)["kms"]
    yield Figure("B17", "KMS calls for 1,000 messages of one tenant, warm", one, 1, 2)
    yield Figure("B18", "KMS calls for 1,000 messages of 1,000 tenants, warm", many, 1, 1, note="one root key")


def _told(call: str, env: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    source = f"import json; from bench import work; print(json.dumps(work.{call}))"
    return json.loads(process.output(source, env))


@contextmanager
def _stubbed(layer: Path) -> Iterator[tuple[str, dict[str, str], Path]]:
    """A TLS stub of AWS with one tenant; the variables that lead there; its CA beside the Amazon roots."""
    with serve((layer / "amazon-roots.pem").read_bytes()) as stub:
        yield stub.tenant, {"AWS_ENDPOINT_URL": stub.url}, stub.bundle
