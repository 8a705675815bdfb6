"""Each repair of the emulator, by the AWS behaviour that it restores.

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
from botocore.exceptions import ClientError

from local import serve
from local.place import EMULATOR, ROOT
from tests.emulator.cloud import TRUST, Aws, free_place, left_out, wait_for

FIVE_YEARS = 5 * 365 * 86400
KEY = "arn:aws:kms:eu-west-3:000000000000:key/00000000-0000-4000-8000-000000000000"
TARGET = {"Arn": "arn:aws:sqs:eu-west-3:000000000000:none", "RoleArn": "arn:aws:iam::000000000000:role/none"}


def table(**more: Any) -> dict[str, Any]:
    """A table, in CloudFormation's words."""
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            **more,
        },
    }


def ttl(enabled: bool = True) -> dict[str, Any]:
    return {"AttributeName": "expires_at", "Enabled": enabled}


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


def test_a_deployed_table_has_its_ttl_and_loses_it_when_the_template_does(aws: Aws) -> None:
    """A dropped TTL would keep everything for ever, and nobody would notice."""
    dynamodb = aws("dynamodb")
    name = aws.deploy("with-ttl", {"Table": table(TimeToLiveSpecification=ttl())})["Table"]
    before = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    aws.deploy("with-ttl", {"Table": table()})
    after = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]

    assert before == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    assert after["TimeToLiveStatus"] == "DISABLED"


def test_a_deployed_table_has_its_backups(aws: Aws) -> None:
    """Point-in-time recovery, of an ordinary table and of a global one's replica here."""
    pitr = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}}
    plain, world = table(**pitr), table(Replicas=[{"Region": "eu-west-3", **pitr}])
    world["Type"] = "AWS::DynamoDB::GlobalTable"
    names = aws.deploy("with-pitr", {"Plain": plain, "World": world, "None": table()})

    found = {}
    for logical, name in names.items():
        described = aws("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        status = described["PointInTimeRecoveryDescription"]
        found[logical] = (status["PointInTimeRecoveryStatus"], status.get("RecoveryPeriodInDays"))
    assert found == {"Plain": ("ENABLED", 7), "World": ("ENABLED", 7), "None": ("DISABLED", None)}


def test_a_deployed_table_is_under_the_key_it_was_given(aws: Aws) -> None:
    """The customer's key, not AWS's own."""
    sse = {"SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}}
    name = aws.deploy("with-key", {"Table": table(**sse)})["Table"]

    described = aws("dynamodb").describe_table(TableName=name)["Table"]["SSEDescription"]
    assert (described["SSEType"], described["KMSMasterKeyArn"]) == ("KMS", KEY)


def test_a_deployed_role_cannot_leave_its_boundary(aws: Aws) -> None:
    """What its policy allows and its boundary does not is refused."""
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    only_sqs = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    role = {"AssumeRolePolicyDocument": TRUST, "Policies": [{"PolicyName": "all", "PolicyDocument": everything}]}
    names = aws.deploy(
        "bounded",
        {
            "Boundary": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": only_sqs}},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {**role, "PermissionsBoundary": {"Ref": "Boundary"}}},
        },
    )
    arn = aws("iam").get_role(RoleName=names["Role"])["Role"]["Arn"]

    aws.assume(arn, "sqs").list_queues()
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.assume(arn, "dynamodb").list_tables()


def test_a_deployed_function_has_its_bounds(aws: Aws) -> None:
    """How many at once, under which key, and whether it may go in circles: they bound what a mistake can cost."""
    function = {
        "Role": "arn:aws:iam::000000000000:role/none",
        "Handler": "index.handle",
        "Runtime": "python3.13",
        "Code": {"ZipFile": "def handle(event, context): pass"},
        "ReservedConcurrentExecutions": 3,
        "KmsKeyArn": KEY,
        "RecursiveLoop": "Allow",
    }
    name = aws.deploy("bound-function", {"F": {"Type": "AWS::Lambda::Function", "Properties": function}})["F"]

    assert aws("lambda").get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 3
    assert aws("lambda").get_function_configuration(FunctionName=name)["KMSKeyArn"] == KEY
    assert aws("lambda").get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Allow"


def test_a_deployed_schedule_keeps_every_field(aws: Aws) -> None:
    """A time zone that is lost moves a schedule by hours; a lost end never ends."""
    schedule = {
        "ScheduleExpression": "rate(5 minutes)",
        "ScheduleExpressionTimezone": "Europe/Paris",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "KmsKeyArn": KEY,
        "State": "DISABLED",
        "Target": TARGET,
    }
    name = aws.deploy("scheduled", {"S": {"Type": "AWS::Scheduler::Schedule", "Properties": schedule}})["S"]

    found = aws("scheduler").get_schedule(Name=name)
    assert (found["ScheduleExpressionTimezone"], found["KmsKeyArn"]) == ("Europe/Paris", KEY)


def test_a_deployed_api_keeps_every_field(aws: Aws) -> None:
    """An API that should be reached under its own domain alone must not answer under its generated one."""
    api = {"Name": "kept", "DisableExecuteApiEndpoint": True, "ApiKeySourceType": "AUTHORIZER"}
    api |= {"EndpointConfiguration": {"Types": ["REGIONAL"]}, "SecurityPolicy": "SecurityPolicy_TLS13_2025_EDGE"}
    log = {"DestinationArn": "arn:aws:logs:eu-west-3:000000000000:log-group:access", "Format": "$context.requestId"}
    method = {"HttpMethod": "GET", "AuthorizationType": "NONE", "Integration": {"Type": "MOCK"}}
    method |= {"RestApiId": {"Ref": "Api"}, "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}}
    stage = {"RestApiId": {"Ref": "Api"}, "StageName": "live", "DeploymentId": {"Ref": "D"}, "AccessLogSetting": log}
    names = aws.deploy(
        "api",
        {
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": api},
            "M": {"Type": "AWS::ApiGateway::Method", "Properties": method},
            "D": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}}, "DependsOn": "M"},
            "S": {"Type": "AWS::ApiGateway::Stage", "Properties": stage},
        },
    )

    gateway = aws("apigateway")
    found = gateway.get_rest_api(restApiId=names["Api"])
    assert (found["disableExecuteApiEndpoint"], found["apiKeySource"]) == (True, "AUTHORIZER")
    assert found["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert found["securityPolicy"] == "SecurityPolicy_TLS13_2025_EDGE"
    access = gateway.get_stage(restApiId=names["Api"], stageName="live")["accessLogSettings"]
    assert access == {"destinationArn": log["DestinationArn"], "format": log["Format"]}


def test_a_deployed_topic_is_under_the_key_it_was_given(aws: Aws) -> None:
    """Alarms name what is wrong, and where."""
    arn = aws.deploy("topic", {"T": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": KEY}}})["T"]

    assert aws("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["KmsMasterKeyId"] == KEY


def test_a_deployed_mapping_has_its_tags(aws: Aws) -> None:
    """Tags tell whose a thing is."""
    aws.function("tagged", "def handle(event, context): pass")
    mapping = {"FunctionName": "tagged", "EventSourceArn": {"Fn::GetAtt": ["Q", "Arn"]}}
    mapping["Tags"] = [{"Key": "fugace", "Value": "test"}]
    names = aws.deploy(
        "mapping",
        {
            "Q": {"Type": "AWS::SQS::Queue", "Properties": {}},
            "M": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
        },
    )
    arn = f"arn:aws:lambda:eu-west-3:000000000000:event-source-mapping:{names['M']}"

    assert aws("lambda").list_tags(Resource=arn)["Tags"] == {"fugace": "test"}


LOCK = {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}, "ObjectLockEnabled": "Enabled"}
ENDS = [
    {
        "Id": "all",
        "Status": "Enabled",
        "ExpirationInDays": 31,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    },
    {"Id": "marks", "Status": "Enabled", "ExpiredObjectDeleteMarker": True},
]


def bucket(**properties: Any) -> dict[str, Any]:
    """A bucket, in CloudFormation's words."""
    return {"B": {"Type": "AWS::S3::Bucket", "Properties": properties}}


def test_a_deployed_bucket_locks_what_is_put_into_it(aws: Aws) -> None:
    """A checkpoint that can be deleted proves nothing."""
    name = aws.deploy("locked", bucket(ObjectLockEnabled=True, ObjectLockConfiguration=LOCK))["B"]
    s3 = aws("s3")
    version = s3.put_object(Bucket=name, Key="one", Body=b"x")["VersionId"]

    assert s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"] == LOCK
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=name, Key="one", VersionId=version)


def test_a_deployed_bucket_is_under_the_key_it_was_given(aws: Aws) -> None:
    """The customer's key, and one request to KMS for many objects; the template's own word when it goes."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    rule = {"ServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    name = aws.deploy("keyed-bucket", bucket(BucketEncryption={"ServerSideEncryptionConfiguration": [rule]}))["B"]

    (found,) = aws("s3").get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert (found["ApplyServerSideEncryptionByDefault"], found["BucketKeyEnabled"]) == (default, True)
    assert aws("s3").put_object(Bucket=name, Key="one", Body=b"x")["SSEKMSKeyId"] == KEY


def test_a_deployed_bucket_under_the_accounts_own_key_takes_objects(aws: Aws) -> None:
    """The CDK's own bucket for assets names KMS and no key: nothing could be deployed into a fresh account."""
    rule = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    name = aws.deploy("own-key-bucket", bucket(BucketEncryption={"ServerSideEncryptionConfiguration": [rule]}))["B"]

    # As the CDK's command line does: with the algorithm that the bucket names.
    (found,) = aws("s3").get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    named = found["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
    aws("s3").put_object(Bucket=name, Key="one", Body=b"x", ServerSideEncryption=named)
    assert aws("s3").get_object(Bucket=name, Key="one")["Body"].read() == b"x"


def test_a_deployed_bucket_has_its_ends_and_loses_them_when_the_template_does(aws: Aws) -> None:
    """A dropped lifecycle keeps every version of everything for ever."""
    name = aws.deploy("ending", bucket(LifecycleConfiguration={"Rules": ENDS}))["B"]
    whole, marks = aws("s3").get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    aws.deploy("ending", bucket())

    assert whole["Expiration"] == {"Days": 31}
    assert whole["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert whole["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert marks["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        aws("s3").get_bucket_lifecycle_configuration(Bucket=name)


def test_a_deployed_bucket_has_its_tags(aws: Aws) -> None:
    """Tags tell whose a thing is."""
    tags = [{"Key": "fugace", "Value": "test"}]
    name = aws.deploy("tagged-bucket", bucket(Tags=tags))["B"]

    assert aws("s3").get_bucket_tagging(Bucket=name)["TagSet"] == tags


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


def test_a_type_that_it_does_not_know_is_recorded(aws: Aws) -> None:
    """So that the same stacks deploy; what such a resource does is for AWS to show."""
    rule = {"QueryString": "limit 1", "Name": "any"}
    names = aws.deploy("placeholder", {"C": {"Type": "AWS::Logs::QueryDefinition", "Properties": rule}})

    assert names["C"]


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
