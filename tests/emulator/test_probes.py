"""What we rely on from AWS, asked of whatever stands in for it: an upgrade or another emulator is judged by these.

Each is a behaviour that the product would break without; none knows which emulator it is talking to.
"""

import datetime as dt
import hashlib
import json
import os
import time
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tests.emulator.cloud import Aws, wait_for

ON_DEMAND = {"BillingMode": "PAY_PER_REQUEST"}
ECHO = "import json\ndef handle(event, context): print(json.dumps(event))"
READ_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def allow(*actions: str, on: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}


def keyed(name: str, **more: Any) -> dict[str, Any]:
    """The arguments of a table with one string key, `pk`."""
    attributes = [{"AttributeName": "pk", "AttributeType": "S"}, *more.pop("Attributes", [])]
    key = [{"AttributeName": "pk", "KeyType": "HASH"}]
    return {"TableName": name, "AttributeDefinitions": attributes, "KeySchema": key, **ON_DEMAND, **more}


def queue(aws: Aws, name: str, **attributes: str) -> tuple[str, str]:
    """A queue's URL and ARN."""
    url = aws("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    found = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return url, found["QueueArn"]


def received(aws: Aws, url: str) -> list[str]:
    found = aws("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
    return [message["Body"] for message in found.get("Messages", [])]


def test_a_put_if_absent_happens_once_and_shows_what_was_there(aws: Aws) -> None:
    """I1: the conditional put is the idempotency check."""
    dynamodb = aws("dynamodb")
    dynamodb.create_table(**keyed("once"))
    put = {"TableName": "once", "ConditionExpression": "attribute_not_exists(pk)"}
    dynamodb.put_item(**put, Item={"pk": {"S": "a"}, "n": {"N": "1"}})

    with pytest.raises(ClientError) as refused:
        dynamodb.put_item(
            **put, Item={"pk": {"S": "a"}, "n": {"N": "2"}}, ReturnValuesOnConditionCheckFailure="ALL_OLD"
        )

    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert refused.value.response["Item"]["n"] == {"N": "1"}


def test_an_index_of_keys_is_read_backwards_from_where_one_stopped(aws: Aws) -> None:
    """Listing by time: descending, in pages, keys alone."""
    dynamodb = aws("dynamodb")
    attributes = [{"AttributeName": "shard", "AttributeType": "S"}, {"AttributeName": "at", "AttributeType": "N"}]
    keys = [{"AttributeName": "shard", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
    index = {"IndexName": "by-time", "KeySchema": keys, "Projection": {"ProjectionType": "KEYS_ONLY"}}
    dynamodb.create_table(**keyed("timed", Attributes=attributes, GlobalSecondaryIndexes=[index]))
    for at in range(5):
        item = {"pk": {"S": f"m{at}"}, "shard": {"S": "t/0"}, "at": {"N": str(at)}, "secret": {"S": "x"}}
        dynamodb.put_item(TableName="timed", Item=item)
    query: dict[str, Any] = {"TableName": "timed", "IndexName": "by-time", "ScanIndexForward": False, "Limit": 2}
    query |= {"KeyConditionExpression": "#shard = :of", "ExpressionAttributeNames": {"#shard": "shard"}}
    query["ExpressionAttributeValues"] = {":of": {"S": "t/0"}}

    first = dynamodb.query(**query)
    second = dynamodb.query(**query, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert [item["pk"]["S"] for item in first["Items"] + second["Items"]] == ["m4", "m3", "m2", "m1"]
    assert "secret" not in first["Items"][0]


def test_a_change_wakes_a_function_with_both_images(aws: Aws) -> None:
    """The stream is the outbox: INSERT and MODIFY, in order, with what was and what is."""
    view = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    stream = aws("dynamodb").create_table(**keyed("outbox", StreamSpecification=view))["TableDescription"]
    aws.function("outbox-reader", ECHO)
    mapping = {"FunctionName": "outbox-reader", "StartingPosition": "TRIM_HORIZON"}
    aws("lambda").create_event_source_mapping(**mapping, EventSourceArn=stream["LatestStreamArn"])
    for n in ("1", "2"):
        aws("dynamodb").put_item(TableName="outbox", Item={"pk": {"S": "a"}, "n": {"N": n}})

    wait_for(lambda: "MODIFY" in str(aws.printed("outbox-reader")))

    records = [record for line in aws.printed("outbox-reader") for record in json.loads(line)["Records"]]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY"]
    assert (records[1]["dynamodb"]["OldImage"]["n"], records[1]["dynamodb"]["NewImage"]["n"]) == (
        {"N": "1"},
        {"N": "2"},
    )


def test_a_delayed_message_is_not_seen_before_its_time(aws: Aws) -> None:
    """Backing off puts a message back for later."""
    url, _ = queue(aws, "delayed")
    aws("sqs").send_message(QueueUrl=url, MessageBody="later", DelaySeconds=2)

    assert received(aws, url) == []
    assert wait_for(lambda: received(aws, url)) == ["later"]


def test_only_what_failed_of_a_batch_comes_back_and_ends_in_the_dead_letter_queue(aws: Aws) -> None:
    """ReportBatchItemFailures: one poisoned message neither repeats nor stops the others."""
    dead_url, dead = queue(aws, "batch-dead")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    url, arn = queue(aws, "batch", VisibilityTimeout="1", RedrivePolicy=redrive)
    source = (
        "def handle(event, context):\n"
        "    for record in event['Records']: print('{' + record['body'])\n"
        "    bad = [r['messageId'] for r in event['Records'] if r['body'] == 'poison']\n"
        "    return {'batchItemFailures': [{'itemIdentifier': each} for each in bad]}"
    )
    aws.function("batch-reader", source, allow(*READ_QUEUE, on=arn), Timeout=1)
    aws("lambda").create_event_source_mapping(
        FunctionName="batch-reader", EventSourceArn=arn, FunctionResponseTypes=["ReportBatchItemFailures"], BatchSize=10
    )
    entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(["one", "poison", "two"])]
    aws("sqs").send_message_batch(QueueUrl=url, Entries=entries)

    assert wait_for(lambda: received(aws, dead_url)) == ["poison"]
    seen = aws.printed("batch-reader")
    assert (seen.count("{one"), seen.count("{two"), seen.count("{poison")) == (1, 1, 2)


def test_a_schedule_sends_once_to_a_queue_and_is_gone(aws: Aws) -> None:
    """`send_at`: EventBridge Scheduler hands an id to a queue at a time, and leaves nothing behind."""
    url, arn = queue(aws, "scheduled")
    role = aws.role("scheduled-sender", allow("sqs:SendMessage", on=arn))
    at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
    aws("scheduler").create_schedule(
        Name="once",
        ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={"Arn": arn, "RoleArn": role, "Input": '{"message": "ten_x/1"}'},
    )

    assert wait_for(lambda: received(aws, url)) == ['{"message": "ten_x/1"}']
    wait_for(lambda: not aws("scheduler").list_schedules(NamePrefix="once")["Schedules"])


def test_what_was_encrypted_for_one_context_does_not_open_for_another(aws: Aws) -> None:
    """The root key is bound to its environment and purpose."""
    kms = aws("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"environment": "a"})

    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"environment": "a"})
    assert opened["Plaintext"] == made["Plaintext"]
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"environment": "b"})


def test_a_role_is_refused_what_it_was_not_given(aws: Aws) -> None:
    """Least privilege is only shown where its lack is noticed."""
    aws("dynamodb").create_table(**keyed("guarded"))
    arn = "arn:aws:dynamodb:eu-west-3:000000000000:table/guarded"
    reader = aws.assume(aws.role("guarded-reader", allow("dynamodb:GetItem", on=arn)), "dynamodb")

    reader.get_item(TableName="guarded", Key={"pk": {"S": "a"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.put_item(TableName="guarded", Item={"pk": {"S": "a"}})


AUTHORIZER = """
def handle(event, context):
    token = event["authorizationToken"]
    if token == "nobody":
        raise Exception("Unauthorized")
    effect = "Allow" if token == "somebody" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "p", "policyDocument": policy, "context": {"tenant": "ten_x"}}
"""
PROXY = """
import json
def handle(event, context):
    who = event["requestContext"]["authorizer"]["tenant"]
    seen = {"tenant": who, "path": event["pathParameters"]["id"], "query": event["queryStringParameters"]}
    return {"statusCode": 202, "headers": {"X-Ours": "1"}, "body": json.dumps(seen)}
"""


@pytest.fixture(scope="module")
def api(aws: Aws) -> str:
    """A REST API with a token authorizer, one proxied method, and an answer of our own to strangers."""
    at = "arn:aws:apigateway:eu-west-3:lambda:path/2015-03-31/functions/{}/invocations"
    gateway, id_ = aws("apigateway"), aws("apigateway").create_rest_api(name="probe")["id"]
    root = gateway.get_resources(restApiId=id_)["items"][0]["id"]
    method = {
        "restApiId": id_,
        "resourceId": gateway.create_resource(restApiId=id_, parentId=root, pathPart="{id}")["id"],
    }
    uri = at.format(aws.function("probe-authorizer", AUTHORIZER))
    authorizer = {"name": "key", "type": "TOKEN", "authorizerUri": uri, "authorizerResultTtlInSeconds": 0}
    made = gateway.create_authorizer(restApiId=id_, **authorizer, identitySource="method.request.header.Authorization")
    gateway.put_method(**method, httpMethod="GET", authorizationType="CUSTOM", authorizerId=made["id"])
    proxied = {
        "type": "AWS_PROXY",
        "integrationHttpMethod": "POST",
        "uri": at.format(aws.function("probe-proxy", PROXY)),
    }
    gateway.put_integration(**method, httpMethod="GET", **proxied)
    ours = {"application/json": '{"type": "/problems/unauthorized"}'}
    headers = {"gatewayresponse.header.Content-Type": "'application/problem+json'"}
    gateway.put_gateway_response(
        restApiId=id_, responseType="UNAUTHORIZED", responseTemplates=ours, responseParameters=headers
    )
    gateway.create_deployment(restApiId=id_, stageName="live")
    return f"{aws.place.endpoint}/_aws/execute-api/{id_}/live"


def ask(aws: Aws, url: str, token: str | None) -> urllib3.BaseHTTPResponse:
    with urllib3.PoolManager(ca_certs=str(aws.place.ca)) as pool:
        return pool.request("GET", url, headers={"Authorization": token} if token else {})


def test_whom_the_authorizer_lets_in_reaches_the_function_with_its_context(aws: Aws, api: str) -> None:
    """Tenant and scopes come from the authorizer and from nowhere else."""
    answer = ask(aws, f"{api}/m1?limit=2", "somebody")

    assert (answer.status, answer.headers["X-Ours"]) == (202, "1")
    assert answer.json() == {"tenant": "ten_x", "path": "m1", "query": {"limit": "2"}}


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("nobody", 401), ("other", 403)])
def test_whom_it_does_not_let_in_gets_no_further(aws: Aws, api: str, token: str | None, status: int) -> None:
    """Without a key and with a wrong one: 401, in our own words. With one that may not: 403."""
    answer = ask(aws, f"{api}/m1", token)

    assert answer.status == status
    if status == 401:
        assert answer.json() == {"type": "/problems/unauthorized"}
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_function_has_credentials_of_its_own_role_and_nothing_of_this_machine(aws: Aws) -> None:
    """What a function may do is its role's business; a developer's shell is none of it."""
    source = "import os, boto3\ndef handle(event, context):\n    me = boto3.client('sts').get_caller_identity()\n"
    source += "    return [me['Arn'], dict(os.environ)]"
    aws.function("who-am-i", source, Environment={"Variables": {"AWS_CA_BUNDLE": str(aws.place.ca)}}, Timeout=20)

    failed, (arn, environment) = aws.invoke("who-am-i")

    assert not failed
    assert "assumed-role/who-am-i-role/" in arn
    shared = {name for name, value in environment.items() if os.environ.get(name) == value}
    assert shared <= {"PATH", "HOME", "TMPDIR", "LANG", "LC_CTYPE", "AWS_REGION", "AWS_DEFAULT_REGION"}


def test_a_secret_is_read_back_as_it_was_written(aws: Aws) -> None:
    """Carriers' credentials."""
    aws("secretsmanager").create_secret(Name="probe", SecretString='{"token": "x"}')

    assert json.loads(aws("secretsmanager").get_secret_value(SecretId="probe")["SecretString"]) == {"token": "x"}


def test_a_message_in_hand_is_hidden_and_comes_back(aws: Aws) -> None:
    """A function that dies half-way loses nothing."""
    url, _ = queue(aws, "hidden", VisibilityTimeout="8")
    aws("sqs").send_message(QueueUrl=url, MessageBody="x")
    began = time.monotonic()

    assert received(aws, url) == ["x"]
    assert received(aws, url) == []
    assert wait_for(lambda: received(aws, url)) == ["x"]
    assert time.monotonic() - began >= 1


# --- what the purge and the ledger build on -----------------------------------------------------


def test_each_statement_of_a_batch_has_its_own_condition_and_answer(aws: Aws) -> None:
    """What is over is deleted 25 at a time, and what was held or changed meanwhile is left alone."""
    dynamodb = aws("dynamodb")
    dynamodb.create_table(**keyed("swept"))
    rows: dict[str, dict[str, Any]] = {"over": {}, "moved": {"at": {"N": "2"}}, "held": {"held": {"SS": ["hold_a"]}}}
    for pk, more in rows.items():
        dynamodb.put_item(TableName="swept", Item={"pk": {"S": pk}, "at": {"N": "1"}, "text": {"B": b"x"}, **more})

    def run(statement: str) -> list[str | None]:
        asked = [{"Statement": statement, "Parameters": [{"S": pk}, {"N": "1"}]} for pk in (*rows, "absent")]
        answers = dynamodb.batch_execute_statement(Statements=asked)["Responses"]
        return [answer.get("Error", {}).get("Code") for answer in answers]

    failed = "ConditionalCheckFailed"
    redacted = run('UPDATE "swept" REMOVE "text" WHERE pk = ? AND "at" = ? AND "held" IS MISSING')
    left = dynamodb.scan(TableName="swept")["Items"]
    deleted = run('DELETE FROM "swept" WHERE pk = ? AND "at" = ? AND "held" IS MISSING')

    assert redacted == [None, failed, failed, failed]
    assert {item["pk"]["S"] for item in left if "text" in item} == {"moved", "held"}
    assert deleted == [None, failed, failed, None]
    assert {item["pk"]["S"] for item in dynamodb.scan(TableName="swept")["Items"]} == {"moved", "held"}


def test_a_transaction_says_which_of_its_writes_stood_in_the_way(aws: Aws) -> None:
    """An entry of the ledger and what it is about are one write: which condition failed decides what follows."""
    dynamodb = aws("dynamodb")
    for name in ("chain", "beside"):
        dynamodb.create_table(**keyed(name))
    dynamodb.put_item(TableName="chain", Item={"pk": {"S": "1"}})
    absent = {"ConditionExpression": "attribute_not_exists(pk)"}
    entry = {"Put": {"TableName": "chain", "Item": {"pk": {"S": "1"}}, **absent}}
    other = {"Put": {"TableName": "beside", "Item": {"pk": {"S": "a"}}, **absent}}

    with pytest.raises(ClientError, match="TransactionCanceledException") as refused:
        dynamodb.transact_write_items(TransactItems=[other, entry])

    reasons = [reason["Code"] for reason in refused.value.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]
    assert dynamodb.scan(TableName="beside")["Count"] == 0


def test_a_transaction_that_is_repeated_is_done_once(aws: Aws) -> None:
    """An answer that was lost is asked for again with the same token: no second entry."""
    dynamodb = aws("dynamodb")
    dynamodb.create_table(**keyed("tokened"))
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    items = [{"Update": {"TableName": "tokened", "Key": {"pk": {"S": "a"}}, **add}}]

    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=items, ClientRequestToken="one")

    assert dynamodb.get_item(TableName="tokened", Key={"pk": {"S": "a"}})["Item"]["n"] == {"N": "1"}


def test_the_rights_to_a_transaction_are_those_to_its_writes(aws: Aws) -> None:
    """There is no action of a transaction: a role that lacks one of its writes can do none of them."""
    for name in ("may", "may-not"):
        aws("dynamodb").create_table(**keyed(name))
    arn = "arn:aws:dynamodb:eu-west-3:000000000000:table/may"
    writer = aws.assume(aws.role("transact-writer", allow("dynamodb:PutItem", on=arn)), "dynamodb")
    put = [{"Put": {"TableName": name, "Item": {"pk": {"S": "a"}}}} for name in ("may", "may-not")]

    writer.transact_write_items(TransactItems=put[:1])
    with pytest.raises(ClientError, match="AccessDenied"):
        writer.transact_write_items(TransactItems=put)


def test_an_index_that_is_added_later_has_what_was_there_before(aws: Aws) -> None:
    """A new version of the stack gives a table another index: rows from before are found by it."""
    dynamodb = aws("dynamodb")
    dynamodb.create_table(**keyed("grown"))
    dynamodb.put_item(TableName="grown", Item={"pk": {"S": "old"}, "lot": {"S": "0"}})
    dynamodb.put_item(TableName="grown", Item={"pk": {"S": "other"}})
    index = {
        "IndexName": "by-lot",
        "KeySchema": [{"AttributeName": "lot", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    kinds = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "lot")]
    dynamodb.update_table(
        TableName="grown", AttributeDefinitions=kinds, GlobalSecondaryIndexUpdates=[{"Create": index}]
    )

    def found() -> list[str]:
        answer = dynamodb.query(
            TableName="grown",
            IndexName="by-lot",
            KeyConditionExpression="lot = :lot",
            ExpressionAttributeValues={":lot": {"S": "0"}},
        )
        return [item["pk"]["S"] for item in answer["Items"]]

    assert wait_for(found) == ["old"]


@pytest.fixture(scope="module")
def vault(aws: Aws) -> str:
    """A bucket with a lock of a day by default, which nobody shortens."""
    s3, name = aws("s3"), "fugace-probe-locked"
    where = {"LocationConstraint": "eu-west-3"}
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=where)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
    return name


def test_an_object_is_put_once(aws: Aws, vault: str) -> None:
    """The first checkpoint of a day stays the one of that day, whoever writes a second."""
    s3 = aws("s3")
    s3.put_object(Bucket=vault, Key="checkpoints/once.json", Body=b"1", IfNoneMatch="*")

    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=vault, Key="checkpoints/once.json", Body=b"2", IfNoneMatch="*")
    assert s3.get_object(Bucket=vault, Key="checkpoints/once.json")["Body"].read() == b"1"


def test_what_is_locked_is_deleted_by_nobody(aws: Aws, vault: str) -> None:
    """Not by the account's root, not by who may override a weaker lock; and its end cannot be moved nearer."""
    s3 = aws("s3")
    version = s3.put_object(Bucket=vault, Key="checkpoints/locked.json", Body=b"1")["VersionId"]
    it = {"Bucket": vault, "Key": "checkpoints/locked.json", "VersionId": version}
    sooner = {"Mode": "COMPLIANCE", "RetainUntilDate": dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)}

    for attempt in (
        lambda: s3.delete_object(**it),
        lambda: s3.delete_object(**it, BypassGovernanceRetention=True),
        lambda: s3.put_object_retention(**it, Retention=sooner, BypassGovernanceRetention=True),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            attempt()
    assert s3.get_object(**it)["Body"].read() == b"1"


def test_what_is_put_over_a_locked_object_hides_it_and_no_more(aws: Aws, vault: str) -> None:
    """Its version is still there: whoever looks at all of them sees that there were two."""
    s3 = aws("s3")
    first = s3.put_object(Bucket=vault, Key="checkpoints/hidden.json", Body=b"1")["VersionId"]
    s3.put_object(Bucket=vault, Key="checkpoints/hidden.json", Body=b"2")
    s3.delete_object(Bucket=vault, Key="checkpoints/hidden.json")

    assert s3.get_object(Bucket=vault, Key="checkpoints/hidden.json", VersionId=first)["Body"].read() == b"1"


def test_a_signature_of_kms_is_verified_without_kms(aws: Aws) -> None:
    """ECDSA on P-256 of a SHA-256 digest, in DER; the public key as SubjectPublicKeyInfo. KMS never sees the text."""
    kms = aws("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/probe-signs", TargetKeyId=key)
    digest = hashlib.sha256(b"the ends of all chains").digest()
    by_alias = {"KeyId": "alias/probe-signs", "SigningAlgorithm": "ECDSA_SHA_256"}

    signature = kms.sign(**by_alias, Message=digest, MessageType="DIGEST")["Signature"]

    public = load_der_public_key(kms.get_public_key(KeyId="alias/probe-signs")["PublicKey"])
    assert isinstance(public, ec.EllipticCurvePublicKey)
    prehashed = ec.ECDSA(utils.Prehashed(SHA256()))
    public.verify(signature, digest, prehashed)
    with pytest.raises(InvalidSignature):
        public.verify(signature, hashlib.sha256(b"others").digest(), prehashed)


def test_the_right_to_list_a_bucket_makes_the_difference_between_missing_and_forbidden(aws: Aws, vault: str) -> None:
    """A checkpoint that is not there yet must be told from one that may not be read."""
    objects = f"arn:aws:s3:::{vault}/checkpoints/*"
    reader = aws.assume(
        aws.role(
            "probe-reader",
            allow("s3:GetObject", on=objects),
            allow("s3:ListBucket", on=f"arn:aws:s3:::{vault}"),
        ),
        "s3",
    )

    with pytest.raises(ClientError, match="NoSuchKey"):
        reader.get_object(Bucket=vault, Key="checkpoints/none.json")
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.get_object(Bucket=vault, Key="elsewhere/none.json")
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.put_object(Bucket=vault, Key="checkpoints/forged.json", Body=b"{}")
