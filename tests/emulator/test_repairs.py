"""Each repair of the emulator, by the AWS behaviour that it restores: functions, streams, and what survives.

FUGACE_UNREPAIRED="name name" in the environment starts it without some: the tests of those must then fail.
"""

import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local import serve
from local.place import EMULATOR, ROOT
from tests.emulator.cloud import Aws, free_place, left_out, wait_for
from tests.emulator.templates import table, ttl

FIVE_YEARS = 5 * 365 * 86400


def test_another_version_is_refused() -> None:
    """The repairs lean on private names; on another version they could miss without a sound."""
    pretend = "import importlib.metadata as m; m.version = lambda name: '9.9.9'; "
    pretend += "from local.emulator.__main__ import main; main()"
    done = subprocess.run(
        [EMULATOR / "bin/python", "-c", pretend], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "1.5.33" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_but_the_chosen_port_is_opened(aws: Aws) -> None:
    """The emulator would take 443 on loopback too, away from whatever else a person runs there."""
    pid = serve.running(aws.place, "emulator")
    sockets = {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in sockets}

    assert listening == {f"0100007F:{aws.place.port:04X}"}


def test_an_expired_item_goes_and_the_stream_says_who_removed_it(aws: Aws) -> None:
    """AWS removes it within days and writes a REMOVE record by DynamoDB itself: how a ledger can count expiries."""
    name = aws.deploy("expiry", {"Table": table(StreamSpecification={"StreamViewType": "OLD_IMAGE"})})["Table"]
    dynamodb = aws("dynamodb")
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl())
    aws.function("expiry-reader", "import json\ndef handle(event, context): print(json.dumps(event))")
    aws("lambda").create_event_source_mapping(
        FunctionName="expiry-reader",
        EventSourceArn=dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        FilterCriteria={"Filters": [{"Pattern": '{"eventName": ["REMOVE"]}'}]},
    )
    past = str(int(time.time()) - 10)
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "gone"}, "expires_at": {"N": past}})

    seen = wait_for(lambda: aws.printed("expiry-reader"), seconds=20)

    assert "Item" not in dynamodb.get_item(TableName=name, Key={"pk": {"S": "gone"}})
    removed = json.loads(seen[0])["Records"][0]
    assert removed["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert removed["dynamodb"]["OldImage"]["pk"] == {"S": "gone"}


def test_what_statements_change_is_on_the_stream(aws: Aws) -> None:
    """The sweeper removes by PartiQL, and what it removes is counted by the stream: as of every other change."""
    name = aws.deploy("told", {"Table": table(StreamSpecification={"StreamViewType": "NEW_AND_OLD_IMAGES"})})["Table"]
    dynamodb, streams = aws("dynamodb"), aws("dynamodbstreams")
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "a"}, "text": {"S": "hello"}})
    for statement in ("UPDATE \"{}\" REMOVE text WHERE pk = 'a'", "DELETE FROM \"{}\" WHERE pk = 'a'") * 2:
        dynamodb.batch_execute_statement(Statements=[{"Statement": statement.format(name)}])

    arn = dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    begin = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    found = streams.get_records(ShardIterator=begin["ShardIterator"])["Records"]
    assert [record["eventName"] for record in found] == ["INSERT", "MODIFY", "REMOVE"]
    assert "text" in found[1]["dynamodb"]["OldImage"]
    assert "text" not in found[1]["dynamodb"]["NewImage"]
    assert "NewImage" not in found[2]["dynamodb"]


def test_an_item_expired_more_than_five_years_ago_stays(aws: Aws) -> None:
    """AWS takes such a time for a mistake; code that writes one would keep data for ever, and a test must see it."""
    name = aws.deploy("ancient", {"Table": table()})["Table"]
    dynamodb = aws("dynamodb")
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl())
    for pk, age in {"ancient": FIVE_YEARS + 9999, "old": 10}.items():
        expiry = {"N": str(int(time.time()) - age)}
        dynamodb.put_item(TableName=name, Item={"pk": {"S": pk}, "expires_at": expiry})

    wait_for(lambda: dynamodb.scan(TableName=name)["Count"] == 1, seconds=10)

    assert dynamodb.scan(TableName=name)["Items"][0]["pk"] == {"S": "ancient"}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("class OddError(Exception): pass\ndef handle(event, context): raise OddError('for a reason')", "OddError"),
        ("import os\ndef handle(event, context): os._exit(1)", "Runtime.ExitError"),
    ],
    ids=["raised", "died"],
)
def test_a_failed_function_names_its_error(aws: Aws, source: str, name: str) -> None:
    """Whoever invoked it can tell one failure from another, as on AWS."""
    aws.function(f"fails-{name.lower().replace('.', '-')}", source)

    failed, answer = aws.invoke(f"fails-{name.lower().replace('.', '-')}")

    assert failed
    assert answer["errorType"] == name


def test_a_function_that_fails_goes_on_in_the_same_process(aws: Aws) -> None:
    """Else whoever knocks with a wrong key waits for a cold start, and nobody sees what a process remembers."""
    aws.function("failing", "import os\ndef handle(event, context):\n    raise ValueError(os.getpid())")

    first, second = (aws.invoke("failing") for _ in range(2))

    assert first[0] is second[0] is True
    assert first[1]["errorMessage"] == second[1]["errorMessage"]


def test_a_burst_waits_instead_of_starting_a_crowd(aws: Aws) -> None:
    """A laptop has few cores: with a process for each of many calls, none would answer in time."""
    aws.function("burst", "import os, time\ndef handle(event, context):\n    time.sleep(0.2)\n    return os.getpid()")

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: aws.invoke("burst"), range(12)))

    assert not any(failed for failed, _ in answers)
    assert len({pid for _, pid in answers}) <= max(2, os.cpu_count() or 2)


def test_a_lost_attribute_wakes_a_function_and_another_change_does_not(aws: Aws) -> None:
    """A filter may ask that a value was there and is not any more: that is how a removed text is counted."""
    view = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    name = aws.deploy("losing", {"Table": table(StreamSpecification=view)})["Table"]
    dynamodb = aws("dynamodb")
    aws.function("loss-reader", "import json\ndef handle(event, context): print(json.dumps(event))")
    images = {"OldImage": {"text": {"B": [{"exists": True}]}}, "NewImage": {"text": {"B": [{"exists": False}]}}}
    aws("lambda").create_event_source_mapping(
        FunctionName="loss-reader",
        EventSourceArn=dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        FilterCriteria={"Filters": [{"Pattern": json.dumps({"eventName": ["MODIFY"], "dynamodb": images})}]},
    )
    for pk in ("kept", "lost"):
        dynamodb.put_item(TableName=name, Item={"pk": {"S": pk}, "text": {"B": b"x"}})
    change: dict[str, Any] = {"TableName": name, "ExpressionAttributeNames": {"#n": "text"}}
    for pk, expression in {"kept": "SET seen = #n", "lost": "REMOVE #n"}.items():
        dynamodb.update_item(**change, Key={"pk": {"S": pk}}, UpdateExpression=expression)

    seen = wait_for(lambda: aws.printed("loss-reader"))

    records = [record for line in seen for record in json.loads(line)["Records"]]
    assert [record["dynamodb"]["Keys"]["pk"]["S"] for record in records] == ["lost"]


def test_what_was_stored_survives_being_killed(tmp_path: Path) -> None:
    """A laptop that runs out of battery must not cost a person their messages, nor a second deployment."""
    aws = Aws(free_place(tmp_path))
    serve.start_emulator(aws.place, FUGACE_CHECKPOINT_SECONDS="0.3")
    aws.deploy("kept", {"Table": table(TableName="kept")})
    aws("dynamodb").put_item(TableName="kept", Item={"pk": {"S": "here"}})
    key = aws("kms").create_key()["KeyMetadata"]["KeyId"]
    sealed = aws("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    aws.function("kept", "def handle(event, context): return 'alive'")
    state = tmp_path / "state"
    wait_for(lambda: all(word in _all(state) for word in ("here", key, "kept-role", '"kept"')))
    time.sleep(1)  # the last of them is being written

    serve.stop(aws.place, "emulator", how=signal.SIGKILL)
    serve.start_emulator(aws.place)

    assert aws("dynamodb").get_item(TableName="kept", Key={"pk": {"S": "here"}})["Item"]
    assert aws("kms").decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"
    assert aws.invoke("kept") == (False, "alive")
    assert json.dumps(aws("cloudformation").describe_stacks(StackName="kept")["Stacks"][0]["StackStatus"])
    serve.stop(aws.place, "emulator")


def test_stopping_writes_everything_down_and_is_not_killed_for_being_slow(tmp_path: Path) -> None:
    """Idle functions hold connections to it; waiting for them, it would be killed with its state unwritten."""
    aws = Aws(free_place(tmp_path))
    serve.start_emulator(aws.place, FUGACE_CHECKPOINT_SECONDS="0", **left_out())
    source = "import boto3\nclient = boto3.client('sts')\ndef handle(event, context): client.get_caller_identity()"
    variables = {"AWS_CA_BUNDLE": str(aws.place.ca)}
    aws.function("idle", source, Environment={"Variables": variables}, Timeout=20)
    aws.invoke("idle")
    aws("dynamodb").create_table(
        TableName="last",
        **{key: table()["Properties"][key] for key in ("AttributeDefinitions", "KeySchema", "BillingMode")},
    )

    serve.stop(aws.place, "emulator")
    serve.start_emulator(aws.place, **left_out())

    assert aws("dynamodb").list_tables()["TableNames"] == ["last"]
    serve.stop(aws.place, "emulator")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_what_happens_after_a_restart_is_on_the_stream(tmp_path: Path, how: int) -> None:
    """Otherwise the first messages after a restart would lie there, accepted, until somebody looked for them."""
    aws = Aws(free_place(tmp_path))
    serve.start_emulator(aws.place, FUGACE_CHECKPOINT_SECONDS="0.3", **left_out())
    name = aws.deploy("read", {"Table": table(StreamSpecification={"StreamViewType": "KEYS_ONLY"})})["Table"]
    aws.function("restart-reader", "import json\ndef handle(event, context): print(json.dumps(event))")
    stream = aws("dynamodb").describe_table(TableName=name)["Table"]["LatestStreamArn"]
    mapping = {"FunctionName": "restart-reader", "EventSourceArn": stream, "StartingPosition": "TRIM_HORIZON"}
    aws("lambda").create_event_source_mapping(**mapping)
    for pk in ("one", "two", "three"):
        aws("dynamodb").put_item(TableName=name, Item={"pk": {"S": pk}})
    wait_for(lambda: "three" in str(aws.printed("restart-reader")))
    time.sleep(1)  # until it is written down

    serve.stop(aws.place, "emulator", how=how)
    serve.start_emulator(aws.place, **left_out())
    aws("dynamodb").put_item(TableName=name, Item={"pk": {"S": "after"}})

    wait_for(lambda: "after" in str(aws.printed("restart-reader")), seconds=15)
    serve.stop(aws.place, "emulator")


def _all(folder: Path) -> str:
    return "".join(each.read_text() for each in folder.glob("*.json")) if folder.exists() else ""
