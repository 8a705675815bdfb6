"""Each repair of IAM, by the AWS behaviour that it restores: as those in test_repairs.py."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.cloud import Aws
from tests.emulator.templates import table


def test_the_right_to_send_one_message_is_the_right_to_send_a_batch(aws: Aws) -> None:
    """SQS knows no action of its own for a batch: a role that names one would be refused on AWS."""
    url = aws("sqs").create_queue(QueueName="batched")["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-3:000000000000:batched"
    sender = aws.assume(
        aws.role("batch-sender", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}), "sqs"
    )

    answer = sender.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])

    assert len(answer["Successful"]) == 1


def test_the_right_to_remove_a_version_is_one_of_its_own(aws: Aws) -> None:
    """Whoever erases removes what it has seen, version by version, and must not be able to hide what it has not."""
    s3 = aws("s3")
    s3.create_bucket(Bucket="versioned", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    versions = [s3.put_object(Bucket="versioned", Key="it", Body=body)["VersionId"] for body in (b"1", b"2")]
    right = {"Effect": "Allow", "Action": "s3:DeleteObjectVersion", "Resource": "arn:aws:s3:::versioned/*"}
    eraser = aws.assume(aws.role("version-eraser", right), "s3")

    with pytest.raises(ClientError, match="AccessDenied"):
        eraser.delete_objects(Bucket="versioned", Delete={"Objects": [{"Key": "it"}]})
    named = [{"Key": "it", "VersionId": version} for version in versions]
    eraser.delete_objects(Bucket="versioned", Delete={"Objects": named})

    assert "Versions" not in s3.list_object_versions(Bucket="versioned")


def test_the_right_to_a_schedule_names_its_group(aws: Aws) -> None:
    """Our functions may make schedules in the environment's own group, and in no other."""
    for group in ("ours", "theirs"):
        aws("scheduler").create_schedule_group(Name=group)
    actions = ["scheduler:CreateSchedule", "scheduler:DeleteSchedule"]
    arn = "arn:aws:scheduler:eu-west-3:000000000000:schedule/ours/*"
    target = aws.role("schedule-target", {"Effect": "Deny", "Action": "*", "Resource": "*"})
    pass_role = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    timer = aws.assume(
        aws.role("schedule-maker", {"Effect": "Allow", "Action": actions, "Resource": arn}, pass_role), "scheduler"
    )
    wish = {
        "Name": "later",
        "ScheduleExpression": "at(2099-01-01T00:00:00)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": "arn:aws:sqs:eu-west-3:000000000000:batched", "RoleArn": target},
    }

    timer.create_schedule(GroupName="ours", **wish)
    timer.delete_schedule(GroupName="ours", Name="later")

    with pytest.raises(ClientError, match="AccessDenied"):
        timer.create_schedule(GroupName="theirs", **wish)


def test_a_policy_may_demand_an_encryption_context(aws: Aws) -> None:
    """Ours do: the root key opens for its own environment and purpose, and for nothing else."""
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]
    wanted = {"StringEquals": {"kms:EncryptionContext:purpose": "root"}}
    statement = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key["Arn"], "Condition": wanted}
    reader = aws.assume(aws.role("context-reader", statement), "kms")
    blobs = {
        purpose: kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"purpose": purpose})[
            "CiphertextBlob"
        ]
        for purpose in ("root", "other")
    }

    assert reader.decrypt(CiphertextBlob=blobs["root"], EncryptionContext={"purpose": "root"})["Plaintext"] == b"x"
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.decrypt(CiphertextBlob=blobs["other"], EncryptionContext={"purpose": "other"})


def test_the_right_to_a_key_is_asked_of_who_names_its_alias(aws: Aws) -> None:
    """Checkpoints are signed by an alias. A right to that would be one to whatever it is moved to, so it counts not."""
    kms = aws("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    kms.create_alias(AliasName="alias/alias-guarded", TargetKeyId=key["KeyId"])
    sign = {"KeyId": "alias/alias-guarded", "Message": bytes(32), "MessageType": "DIGEST"}
    signer = aws.assume(
        aws.role("alias-signer", {"Effect": "Allow", "Action": "kms:Sign", "Resource": key["Arn"]}), "kms"
    )
    alias = "arn:aws:kms:eu-west-3:000000000000:alias/alias-guarded"
    other = aws.assume(aws.role("alias-no-signer", {"Effect": "Allow", "Action": "kms:Sign", "Resource": alias}), "kms")

    assert signer.sign(**sign, SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    with pytest.raises(ClientError, match="AccessDenied"):
        other.sign(**sign, SigningAlgorithm="ECDSA_SHA_256")


def test_a_statement_needs_the_right_to_what_it_says(aws: Aws) -> None:
    """A sweep may delete and change rows by statement; what it was not given, it cannot do by another word."""
    aws.deploy("stated", {"Table": table(TableName="stated")})
    arn = "arn:aws:dynamodb:eu-west-3:000000000000:table/stated"
    statement = {"Effect": "Allow", "Action": "dynamodb:PartiQLDelete", "Resource": arn}
    sweeper = aws.assume(aws.role("stated-sweeper", statement), "dynamodb")

    def run(statement: str) -> Any:
        return sweeper.batch_execute_statement(Statements=[{"Statement": statement, "Parameters": [{"S": "a"}]}])

    assert len(run('DELETE FROM "stated" WHERE pk = ?')["Responses"]) == 1
    for refused in (
        'UPDATE "stated" REMOVE held WHERE pk = ?',
        'SELECT * FROM "stated" WHERE pk = ?',
        'DELETE FROM "other" WHERE pk = ?',
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            run(refused)


def test_rights_that_are_used_are_written_down(aws: Aws) -> None:
    """Which of a role's rights something was done by, and what it was refused, once each."""
    queue = aws("sqs").create_queue(QueueName="rights")["QueueUrl"]
    arn = "arn:aws:sqs:eu-west-3:000000000000:rights"
    idle = {"Effect": "Allow", "Action": "sqs:DeleteMessage", "Resource": arn}
    used = {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [arn]}
    client = aws.assume(aws.role("sends", idle, used), "sqs")
    for _ in range(2):
        client.send_message(QueueUrl=queue, MessageBody="-")
    with pytest.raises(ClientError):
        client.purge_queue(QueueUrl=queue)

    written = [json.loads(line) for line in aws.place.rights.read_text().splitlines()]

    assert [each for each in written if each["role"] == "sends"] == [
        {"role": "sends", "used": "sqs:SendMessage", "on": arn, "if": {}},
        {"role": "sends", "refused": "sqs:PurgeQueue", "on": arn},
    ]
