"""`fugace queues`, `releases`, and what of keys and carriers an operator needs when something is wrong."""

import io
import json
import zipfile
from typing import Any

import pytest

from cli import options
from fugace.adapters.session import shared
from fugace.domain.ids import TenantId
from fugace.domain.tenant import Secret, Webhook
from fugace.edge import wiring
from tests.cli.conftest import Terminal
from tests.fakes import NOON


def queue(fugace: Terminal, name: str, *bodies: str) -> str:
    sqs = shared().client("sqs")
    url = str(sqs.create_queue(QueueName=f"fugace-{fugace.environment}-{name}")["QueueUrl"])
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    return url


def bodies(url: str) -> set[str]:
    found = shared().client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return {each["Body"] for each in found}


def there(url: str) -> int:
    """Those in somebody's hand included: they come back."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    asked = shared().client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(map(int, asked["Attributes"].values()))


def test_a_list_of_queues_has_dead_letters_beside_each(fugace: Terminal) -> None:
    """One look tells where work was given up; a queue that is none's dead letters stands for itself."""
    queue(fugace, "notify", "a", "b")
    queue(fugace, "notify-dead", "c")
    queue(fugace, "relay-failures", "d")

    rows = {row["queue"]: (row["waiting"], row["dead"]) for row in fugace.json("queues", "list")}

    assert rows == {"carrier-simulator": (0, None), "notify": (2, 1), "relay-failures": (1, None)}


def test_dead_letters_go_back_as_they_were(fugace: Terminal) -> None:
    """All of them, however many a call takes, and none twice."""
    live = queue(fugace, "notify")
    dead = queue(fugace, "notify-dead", *(f"letter {n}" for n in range(12)))

    assert fugace.json("queues", "redrive", "notify") == {"moved": 12, "left": 0}
    assert bodies(live) | bodies(live) == {f"letter {n}" for n in range(12)}
    assert there(dead) == 0


def test_a_few_are_tried_first(fugace: Terminal) -> None:
    """What is not mended kills them again, and all of them would ring."""
    live = queue(fugace, "notify")
    queue(fugace, "notify-dead", *(f"letter {n}" for n in range(5)))

    assert fugace.json("queues", "redrive", "notify", "--most", "2") == {"moved": 2, "left": 3}
    assert len(bodies(live)) == 2


def test_what_is_no_queue_with_dead_letters_is_refused(fugace: Terminal) -> None:
    """A schedule's missed runs, and what the stream could not give, lead nowhere."""
    queue(fugace, "plan-dead", "x")
    queue(fugace, "notify")
    queue(fugace, "notify-dead")

    assert "notify" in fugace.refused("queues", "redrive", "plan")


def function(fugace: Terminal, name: str, versions: int) -> None:
    """Published so often, and the last one live."""
    code, aws = io.BytesIO(), shared().client("lambda")
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("x.py", "")
    called, role = f"fugace-{fugace.environment}-{name}", _role()
    aws.create_function(
        FunctionName=called, Runtime="python3.13", Role=role, Handler="x.x", Code={"ZipFile": code.getvalue()}
    )
    for number in range(versions):
        aws.update_function_configuration(FunctionName=called, Description=str(number))
        aws.publish_version(FunctionName=called)
    aws.create_alias(FunctionName=called, Name="live", FunctionVersion=str(versions))


def _role() -> str:
    iam = shared().client("iam")
    try:
        return str(iam.get_role(RoleName="any")["Role"]["Arn"])
    except iam.exceptions.NoSuchEntityException:
        return str(iam.create_role(RoleName="any", AssumeRolePolicyDocument="{}")["Role"]["Arn"])


def live(fugace: Terminal, name: str) -> Any:
    called = f"fugace-{fugace.environment}-{name}"
    return shared().client("lambda").get_alias(FunctionName=called, Name="live")["FunctionVersion"]


def test_a_function_goes_back_to_the_version_before(fugace: Terminal) -> None:
    """Or to the one that is named."""
    function(fugace, "send", 3)

    assert fugace.json("releases", "back", "send") == [{"function": "send", "was": 3, "live": 2}]
    assert live(fugace, "send") == "2"
    assert fugace.json("releases", "back", "send", "--to", "3") == [{"function": "send", "was": 2, "live": 3}]


def test_all_go_back_where_there_is_something_before(fugace: Terminal) -> None:
    """A function that came with the last release has nothing to go back to, and stays."""
    function(fugace, "send", 2)
    function(fugace, "fresh", 1)

    assert fugace.json("releases", "back", "all") == [{"function": "send", "was": 2, "live": 1}]
    rows = {row["function"]: (row["live"], row["before"]) for row in fugace.json("releases", "list")}
    assert rows == {"fresh": (1, None), "send": (1, None)}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("send",), "has no version before 1"),
        (("send", "--to", "7"), "has no version 7"),
        (("nothing",), "no function nothing"),
        (("all", "--to", "1"), "--to goes with one function"),
    ],
)
def test_there_is_nothing_to_go_back_to(fugace: Terminal, words: tuple[str, ...], said: str) -> None:
    """Each is said in a sentence, and nothing moves."""
    function(fugace, "send", 1)

    assert said in fugace.refused("releases", "back", *words)
    assert live(fugace, "send") == "1"


def test_all_keys_of_a_tenant_are_stopped_at_once(fugace: Terminal) -> None:
    """Somebody has them: nobody looks up ids first. Those that are dead already stay as they were."""
    made = fugace.json("tenants", "create", "Shop", "--key", "live")
    who = made["tenant"]["id"]
    fugace.json("keys", "create", who, "--role", "sender", "--mode", "live")
    before = fugace.json("keys", "revoke", who, made["key"]["id"])["revoked"]

    assert len(fugace.json("keys", "revoke", who, "--all")) == 1
    assert fugace.json("tenants", "show", who)["usable_keys"] == 0
    assert {each["id"]: each["revoked"] for each in fugace.json("keys", "list", who)}[made["key"]["id"]] == before


def test_which_key_is_meant_has_to_be_said(fugace: Terminal) -> None:
    """Neither none nor two answers."""
    who = fugace.json("tenants", "create", "Shop")["tenant"]["id"]

    assert "--all" in fugace.refused("keys", "revoke", who)
    assert "--all" in fugace.refused("keys", "revoke", who, "key_x", "--all")


def test_webhooks_are_stopped_all_at_once_or_one_by_one(fugace: Terminal) -> None:
    """Who has had a tenant's keys may have added one, and is told of every message from then on."""
    who = TenantId(fugace.json("tenants", "create", "Shop")["tenant"]["id"])
    stored = wiring.webhooks(options.settings(fugace.environment))
    for name in ("one", "two", "three"):
        stored.put(Webhook(who, name, f"https://{name}.example/", frozenset(), (Secret(b"x"),), NOON))

    assert {row["id"] for row in fugace.json("webhooks", "disable", who, "two") if row["disabled"]} == {"two"}
    assert {row["disabled"] for row in fugace.json("webhooks", "disable", who, "--all")} == {"operator"}
    assert {row["disabled"] for row in fugace.json("webhooks", "list", who)} == {"operator"}
    assert "--all" in fugace.refused("webhooks", "disable", who)
    assert "no webhook four" in fugace.refused("webhooks", "disable", who, "four")


def credentials(fugace: Terminal, text: str) -> int:
    from typer.testing import CliRunner  # noqa: PLC0415

    from cli.app import app  # noqa: PLC0415

    words = ["carriers", "credentials", "simulator"]
    return CliRunner().invoke(app, words, env={"FUGACE_ENVIRONMENT": fugace.environment}, input=text).exit_code


def test_credentials_come_from_stdin_into_the_carriers_own_secret(fugace: Terminal) -> None:
    """As an argument they would stand in the shell's history, and in the list of processes."""
    vault, name = shared().client("secretsmanager"), f"fugace/{fugace.environment}/carrier/simulator"
    vault.create_secret(Name=name, SecretString="{}")

    assert credentials(fugace, '{"token": "t", "signing": "s"}') == 0
    assert json.loads(vault.get_secret_value(SecretId=name)["SecretString"]) == {"token": "t", "signing": "s"}
    for bad in ("", "[]", '{"token": "t"}', '{"token": "", "signing": "s"}'):
        assert credentials(fugace, bad) == 1
    assert json.loads(vault.get_secret_value(SecretId=name)["SecretString"]) == {"token": "t", "signing": "s"}


def test_a_carrier_that_nothing_takes_from_cannot_be_paused(fugace: Terminal) -> None:
    """Paused and resumed is what tests/journeys/test_runbooks.py looks at, on the deployed stack."""
    function(fugace, "dispatch", 1)

    assert "simulator" in fugace.refused("carriers", "pause", "simulator")
    assert "no carrier other" in fugace.refused("carriers", "pause", "other")
