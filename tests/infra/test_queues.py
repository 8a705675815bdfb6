"""The queues: encrypted, over TLS, and with a place for what cannot be done."""

import json

import pytest

LIVE = {
    "carrier-simulator": "dispatch",
    "carrier-simulator-account": "dispatch",
    "notify": "notify",
    "receipts": "receipts",
    "sweep": "sweep",
    "callbacks": "callback",
}
ALONE = ("relay-failures", "tally-failures", "reconcile-dead", "plan-dead", "watch-dead", "checkpoint-dead")


def queue(stacks, name):
    return stacks.one("SQS::Queue", QueueName=f"fugace-example-{name}")


def test_these_are_all_the_queues(example):
    """A queue more is a place more where something may hide."""
    names = {each["QueueName"].removeprefix("fugace-example-") for each in example.properties("SQS::Queue")}

    assert names == {*LIVE, *(f"{name}-dead" for name in LIVE), *ALONE}


@pytest.mark.parametrize(("name", "function"), LIVE.items())
def test_a_body_that_cannot_be_done_ends_in_the_dead_letter_queue(example, name, function):
    """Five receptions, each with room for Lambda's own retries: six times the function's timeout."""
    found = queue(example, name)
    policy = found["RedrivePolicy"]
    dead = {each: properties["Properties"] for each, properties in example.resources("SQS::Queue")}

    assert policy["maxReceiveCount"] == 5
    assert dead[policy["deadLetterTargetArn"]["Fn::GetAtt"][0]] is queue(example, f"{name}-dead")
    assert found["VisibilityTimeout"] == 6 * example.function(function)["Timeout"]


@pytest.mark.parametrize("name", LIVE)
def test_a_dead_letter_is_kept_longer_than_a_live_one(example, name):
    """Its age counts from its first day in the live queue. Fourteen days are the longest there are."""
    assert queue(example, name)["MessageRetentionPeriod"] < queue(example, f"{name}-dead")["MessageRetentionPeriod"]
    assert queue(example, f"{name}-dead")["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_every_queue_is_under_our_key_and_refuses_plain_http(example):
    """Dead-letter queues too: the worst bodies are there."""
    guarded = {
        json.dumps(each["Queues"]): each["PolicyDocument"]["Statement"]
        for each in example.properties("SQS::QueuePolicy")
    }
    found = example.resources("SQS::Queue")
    assert len(found) == 18
    for name, each in found:
        assert "KeysServices" in json.dumps(each["Properties"]["KmsMasterKeyId"])
        statements = guarded[json.dumps([{"Ref": name}])]
        assert any(
            each["Effect"] == "Deny"
            and each["Action"] == "sqs:*"
            and each["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            for each in statements
        )


def test_secrets_of_carriers_are_under_our_key_and_not_in_the_template(example):
    """What is in a template is in every copy of it."""
    found = example.properties("SecretsManager::Secret")

    assert {each["Name"] for each in found} == {
        "fugace/example/carrier/simulator",
        "fugace/example/carrier/simulator-account",
    }
    for each in found:
        assert "SecretString" not in each
        assert "KeysServices" in json.dumps(each["KmsKeyId"])
        assert json.loads(each["GenerateSecretString"]["SecretStringTemplate"]) == {"token": ""}
