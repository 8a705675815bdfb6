"""Each repair of CloudFormation, by the AWS behaviour that it restores: as those in test_repairs.py."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.cloud import TRUST, Aws
from tests.emulator.templates import table, ttl

KEY = "arn:aws:kms:eu-west-3:000000000000:key/00000000-0000-4000-8000-000000000000"
TARGET = {"Arn": "arn:aws:sqs:eu-west-3:000000000000:none", "RoleArn": "arn:aws:iam::000000000000:role/none"}


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


def test_a_type_that_it_does_not_know_is_recorded(aws: Aws) -> None:
    """So that the same stacks deploy; what such a resource does is for AWS to show."""
    rule = {"QueryString": "limit 1", "Name": "any"}
    names = aws.deploy("placeholder", {"C": {"Type": "AWS::Logs::QueryDefinition", "Properties": rule}})

    assert names["C"]
