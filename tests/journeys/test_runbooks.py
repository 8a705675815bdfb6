"""docs/operations.md is run: each block on the deployed stack, in order, and what it did is looked at.

A block is either executed and has its check in CHECKS, or the line above it says why it is not.
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.journeys.conftest import FINAL, Stack, Tenant, wait_for

TEXT = Path("docs/operations.md").read_text()
CARRIER = "simulator-account"
DISPATCH, WATCH = "fugace-laptop-dispatch", "fugace-laptop-watch"
COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
WISH = {"to": "+33639980000", "text": "hello", "category": "transactional"}


@dataclass(frozen=True)
class Block:
    """Commands of a section, and why they are not executed, where they are not."""

    section: str
    number: int
    commands: str
    because: str

    @property
    def id(self) -> str:
        return f"{self.section} {self.number}"


def blocks(text: str) -> list[Block]:
    found: list[Block] = []
    for section, body in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL):
        fences = re.findall(r"(?:^\*Not executed: (.+?)\*\n)?^```(\w*)\n(.*?)^```", body, re.MULTILINE | re.DOTALL)
        assert {language for _, language, _ in fences} <= {"sh"}, section
        found += [Block(section, n, code, because) for n, (because, _, code) in enumerate(fences, 1)]
    return found


BLOCKS = blocks(TEXT)
RUN = [each for each in BLOCKS if not each.because]


@dataclass
class World:
    """What the words in capitals stand for, and what the last block printed."""

    stack: Stack
    tenant: Tenant
    words: dict[str, str]
    out: str = ""
    before: dict[str, Any] = field(default_factory=dict)

    def aws(self, service: str) -> Any:
        where = self.stack.environment()
        return boto3.client(
            service,
            endpoint_url=where["AWS_ENDPOINT_URL"],
            region_name=where["AWS_REGION"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
            verify=self.stack.ca,
            config=Config(retries={"total_max_attempts": 3}),
        )

    def sh(self, commands: str) -> str:
        words = "|".join(sorted(self.words, key=len, reverse=True))
        filled = re.sub(rf"(?<![$\w])({words})\b", lambda found: self.words[found[0]], commands)
        environment = self.stack.environment() | {
            "CURL_CA_BUNDLE": self.stack.ca,
            "ADMIN_KEY": self.tenant.client.key or "",
            "COLUMNS": "300",
        }
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", filled],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{filled}\n{done.stdout}{done.stderr}"
        return "\n".join(line.rstrip() for line in done.stdout.splitlines())

    def api_keys(self) -> list[dict[str, Any]]:
        return list(self.tenant.client("GET", "/v1/keys").json["keys"])

    def live(self, function: str) -> str:
        return str(self.aws("lambda").get_alias(FunctionName=function, Name="live")["FunctionVersion"])

    def queue(self, name: str) -> int:
        """How many bodies are on it, or in somebody's hand."""
        sqs = self.aws("sqs")
        url = sqs.get_queue_url(QueueName=f"fugace-laptop-{name}")["QueueUrl"]
        return sum(map(int, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=COUNTS)["Attributes"].values()))

    def handing_over(self) -> bool:
        mappings = self.aws("lambda").list_event_source_mappings(FunctionName=f"{DISPATCH}:live")["EventSourceMappings"]
        (state,) = [each["State"] for each in mappings if each["EventSourceArn"].endswith(f"-carrier-{CARRIER}")]
        return bool(state == "Enabled")

    def letters(self, count: int) -> None:
        """Dead letters about a message that has long been delivered: whoever works them off leaves it as it is."""
        sqs = self.aws("sqs")
        url = sqs.get_queue_url(QueueName=f"fugace-laptop-carrier-{CARRIER}-dead")["QueueUrl"]
        for _ in range(count):
            sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"message": self.before["message"], "attempt": 1}))


@pytest.fixture(scope="module")
def world(stack: Stack, tenant_of: Callable[..., Tenant], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    tenant = tenant_of("Runbooks", "--carrier", CARRIER, mode="live")
    hook = tenant.client("POST", "/v1/webhooks", {"url": f"{stack.local['sink_url']}/runbooks"}).json
    world = World(
        stack,
        tenant,
        {
            "TENANT": tenant.id,
            "CARRIER": CARRIER,
            "QUEUE": f"carrier-{CARRIER}",
            "FUNCTION": "watch",
            "WEBHOOK": hook["id"],
            "FILE": str(tmp_path_factory.mktemp("runbooks") / "file"),
        },
    )
    sent = tenant.client("POST", "/v1/messages", WISH).json["id"]
    wait_for(lambda: tenant.client("GET", f"/v1/messages/{sent}").json["status"] in FINAL)
    world.before["message"] = f"{tenant.id}/{sent}"
    yield world
    as_deployed(world)


def a_newer_version(world: World) -> None:
    """One that differs from the one before, and is live."""
    client = world.aws("lambda")
    world.before["version"] = world.live(WATCH)
    world.before["description"] = client.get_function_configuration(FunctionName=WATCH)["Description"]
    client.update_function_configuration(FunctionName=WATCH, Description="newer")
    world.before["newer"] = client.publish_version(FunctionName=WATCH)["Version"]
    client.update_alias(FunctionName=WATCH, Name="live", FunctionVersion=world.before["newer"])
    assert world.live(WATCH) != world.before["version"]


def as_deployed(world: World) -> None:
    """The stack may be used again."""
    client = world.aws("lambda")
    if "newer" in world.before:
        client.update_function_configuration(FunctionName=WATCH, Description=world.before["description"])
        client.update_alias(FunctionName=WATCH, Name="live", FunctionVersion=world.before["version"])
        client.delete_function(FunctionName=WATCH, Qualifier=world.before["newer"])
    if not world.handing_over():
        world.sh("./fugace carriers resume CARRIER")


def it_is_back(world: World) -> None:
    assert world.live(WATCH) == world.before["version"]
    assert re.search(rf"^watch +\d+ +{world.before['version']} *$", world.out, re.MULTILINE)


def a_key_to_stop(world: World) -> None:
    made = world.tenant.client("POST", "/v1/keys", {"role": "sender", "mode": "live", "note": "old"})
    world.words["KEY"] = made.json["id"]


def one_key_for_another(world: World) -> None:
    notes = {each["note"]: each["revoked"] for each in world.api_keys()}
    assert notes["old"]
    assert notes["new one"] is None


def a_second_secret(world: World) -> None:
    assert json.loads(world.out)["secret"].startswith("whsec_")
    hook = world.tenant.client("GET", f"/v1/webhooks/{world.words['WEBHOOK']}").json
    assert len(hook["old_secrets_until"]) == 1


def secret_of(world: World) -> dict[str, Any]:
    return dict(world.aws("secretsmanager").get_secret_value(SecretId=f"fugace/laptop/carrier/{CARRIER}"))


def credentials_in_a_file(world: World) -> None:
    """The carrier's own, so that it goes on knowing us."""
    world.before["secret"] = secret_of(world)
    Path(world.words["FILE"]).write_text(world.before["secret"]["SecretString"])


def a_new_version_of_the_secret(world: World) -> None:
    now, before = secret_of(world), world.before["secret"]
    assert now["VersionId"] != before["VersionId"]
    assert json.loads(now["SecretString"]) == json.loads(before["SecretString"])
    assert not Path(world.words["FILE"]).exists()


def an_address(world: World) -> None:
    assert world.out.startswith(f"{world.stack.local['api_url']}/dlr/{CARRIER}/")


def a_tenant_with_a_key(world: World) -> None:
    """And it is on the list."""
    made = re.search(r"^id +(ten_\w+)", world.out, re.MULTILINE)
    assert made
    assert re.search(r"^key +fug_live_\w+", world.out, re.MULTILINE)
    assert re.search(rf"^{made[1]} +Example Ltd", world.out, re.MULTILINE)


def keys_of_each_role(world: World) -> None:
    roles = {each["note"]: each["role"] for each in world.api_keys()}
    assert (roles["shop"], roles["privacy officer"]) == ("sender", "privacy")
    assert re.search(r"^usable keys +\d+", world.out, re.MULTILINE)


def it_waits(world: World) -> None:
    """What is sent now stays `queued`."""
    assert not world.handing_over()
    sent = world.before["waiting"] = world.tenant.client("POST", "/v1/messages", WISH).json["id"]
    wait_for(lambda: world.queue(f"carrier-{CARRIER}"))
    assert world.tenant.client("GET", f"/v1/messages/{sent}").json["status"] in {"accepted", "queued"}


def it_goes_out(world: World) -> None:
    where = f"/v1/messages/{world.before['waiting']}"
    wait_for(lambda: world.tenant.client("GET", where).json["status"] in FINAL)
    assert world.handing_over()


def some_are_back(world: World) -> None:
    assert re.search(r"^moved +10$", world.out, re.MULTILINE)
    assert world.queue(f"carrier-{CARRIER}-dead") == 2  # of twelve


def all_are_back(world: World) -> None:
    assert re.search(r"^moved +2$", world.out, re.MULTILINE)
    assert world.queue(f"carrier-{CARRIER}-dead") == 0


def nothing_opens(world: World) -> None:
    assert re.search(rf"^{world.words['WEBHOOK']} .* operator$", world.out, re.MULTILINE)
    assert re.search(r"^usable keys +0$", world.out, re.MULTILINE)


def what_went_out(world: World) -> None:
    assert world.before["waiting"] in world.out
    assert WISH["to"] not in world.out


def somebody_of_yesterday(world: World) -> None:
    """There is one checkpoint a day: it has nothing of who came after it."""
    world.words["TENANT"] = world.stack.local["tenant"]


def signed_evidence(world: World) -> None:
    assert re.search(r"^whole +true$", world.out, re.MULTILINE)
    assert re.search(r"^signed entries +[1-9]", world.out, re.MULTILINE)
    assert re.search(r"^day +\d{4}-\d\d-\d\d$", world.out, re.MULTILINE)


def nothing(_world: World) -> None:
    """Nothing has to be there first."""


CHECKS: dict[str, tuple[Callable[[World], None], Callable[[World], None]]] = {
    "Roll back 1": (a_newer_version, it_is_back),
    "Rotate an API key 1": (a_key_to_stop, one_key_for_another),
    "Rotate a webhook's secret 1": (nothing, a_second_secret),
    "Rotate a carrier's credentials 1": (credentials_in_a_file, a_new_version_of_the_secret),
    "Add a carrier 1": (nothing, an_address),
    "Take a tenant in 1": (nothing, a_tenant_with_a_key),
    "Take a tenant in 2": (nothing, keys_of_each_role),
    "A carrier is down 1": (nothing, it_waits),
    "A carrier is down 2": (nothing, it_goes_out),
    "A queue is full, or has dead letters 1": (lambda world: world.letters(12), some_are_back),
    "A queue is full, or has dead letters 2": (nothing, all_are_back),
    "Breach 1": (nothing, nothing_opens),
    "Breach 2": (nothing, what_went_out),
    "Breach 4": (somebody_of_yesterday, signed_evidence),
}
"""What has to be there before a block, and what has to be there afterwards."""


def test_every_block_is_executed_and_looked_at_or_says_why_not() -> None:
    """A runbook that nobody has run is found wrong at night."""
    assert len(BLOCKS) == TEXT.count("\n```sh\n")
    assert [each.id for each in RUN] == list(CHECKS)
    assert all(len(each.because) > 20 for each in BLOCKS if each.because)


@pytest.mark.parametrize("block", RUN, ids=[each.id for each in RUN])
def test_a_runbook_does_what_it_says(world: World, block: Block) -> None:
    """Its commands, as they are written, and their effect. In order: a later one may need an earlier one."""
    before, after = CHECKS[block.id]
    before(world)
    world.out = world.sh(block.commands)
    after(world)


def test_nothing_was_ever_called_past_its_alias(world: World) -> None:
    """Whatever woke a function until now: the gateway, a stream, a queue, a schedule, a state machine."""
    logs, ran = world.aws("logs"), set()
    for group in logs.describe_log_groups(logGroupNamePrefix="/fugace/laptop/")["logGroups"]:
        name = group["logGroupName"]
        for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=name):
            ran |= {(name, re.sub(r".*\[(.+)\].*", r"\1", each["logStreamName"])) for each in page["logStreams"]}

    assert any(name == "/fugace/laptop/send" for name, _ in ran)
    assert {each for each in ran if not each[1].isdigit()} == set()
