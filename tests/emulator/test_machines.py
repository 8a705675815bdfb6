"""Each repair of Step Functions, by the AWS behaviour that it restores: as those in tests/emulator/test_repairs.py."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.cloud import TRUST, Aws, wait_for

INVOKE = "arn:aws:states:::lambda:invoke"
RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2}]
CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Caught"}]
CAUGHT = {"Type": "Pass", "Result": {"caught": True}, "End": True}
ECHO = "def handle(event, context): return event"


def machine(aws: Aws, name: str, states: dict[str, Any]) -> str:
    """One that begins with the first of these states; gives its ARN."""
    iam, trust = aws("iam"), json.dumps(TRUST).replace("lambda.", "states.")
    role = iam.create_role(RoleName=f"{name}-machine", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    made = aws("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role)
    return str(made["stateMachineArn"])


def start(aws: Aws, arn: str, given: object) -> str:
    return str(aws("stepfunctions").start_execution(stateMachineArn=arn, input=json.dumps(given))["executionArn"])


def ended(aws: Aws, run: str) -> dict[str, Any]:
    """A run, once it is over."""
    steps = aws("stepfunctions")
    wait_for(lambda: steps.describe_execution(executionArn=run)["status"] != "RUNNING", seconds=20)
    return dict(steps.describe_execution(executionArn=run))


def task(function: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": INVOKE,
        "Parameters": {"FunctionName": function, "Payload": payload},
        "End": True,
        **more,
    }


def test_an_answer_that_lacks_what_is_asked_of_it_ends_the_run(aws: Aws) -> None:
    """A step that forgets `more` would go on as if there were none; on AWS the run is over, and nothing catches it."""
    echo = aws.function("steps-lacking", ECHO)
    lacking = task(echo, {"next": "x"}, ResultSelector={"more.$": "$.Payload.more"}, Retry=RETRY, Catch=CATCH)
    arn = machine(aws, "lacking", {"Step": lacking, "Caught": CAUGHT})

    over = ended(aws, start(aws, arn, {}))

    assert (over["status"], over["error"]) == ("FAILED", "States.Runtime")


def test_an_input_that_lacks_what_is_asked_of_it_ends_the_run(aws: Aws) -> None:
    """The same of what a step is told."""
    echo = aws.function("steps-untold", ECHO)
    arn = machine(aws, "untold", {"Step": task(echo, {"request.$": "$.request"}, Catch=CATCH), "Caught": CAUGHT})

    assert ended(aws, start(aws, arn, {}))["error"] == "States.Runtime"
    assert ended(aws, start(aws, arn, {"request": "x"}))["status"] == "SUCCEEDED"


@pytest.mark.parametrize("until", [None, "", "tomorrow", 1])
def test_a_wait_needs_a_time(aws: Aws, until: object) -> None:
    """Ours says how long an erasure can be cancelled: without a time there would be no waiting at all."""
    arn = machine(
        aws, f"wait-{until}", {"Until": {"Type": "Wait", "TimestampPath": "$.until", "End": True}, "Caught": CAUGHT}
    )

    assert ended(aws, start(aws, arn, {"until": until}))["error"] == "States.Runtime"


def test_a_wait_ends_at_its_time(aws: Aws) -> None:
    """One that is over already is no wait."""
    arn = machine(aws, "wait-past", {"Until": {"Type": "Wait", "TimestampPath": "$.until", "End": True}})

    assert ended(aws, start(aws, arn, {"until": "2026-01-01T00:00:00Z"}))["status"] == "SUCCEEDED"


def test_a_function_that_fails_is_not_waited_for(aws: Aws) -> None:
    """The code was not sent: nobody can give it back, and the request would hang for ten minutes."""
    failing = aws.function(
        "steps-failing", "class OddError(Exception): pass\ndef handle(event, context): raise OddError"
    )
    waiting = task(failing, {"token.$": "$$.Task.Token"}, TimeoutSeconds=600, Catch=CATCH)
    waiting["Resource"] = f"{INVOKE}.waitForTaskToken"
    arn = machine(aws, "failing", {"Ask": waiting, "Caught": CAUGHT})

    over = ended(aws, start(aws, arn, {}))

    assert json.loads(over["output"]) == {"caught": True}


def test_a_token_is_answered_with_the_right_to_its_machine(aws: Aws) -> None:
    """Ours may answer one machine, as AWS's own form of such a right is."""
    echo = aws.function("steps-asking", "import json\ndef handle(event, context): print(json.dumps(event))")
    waiting = task(echo, {"token.$": "$$.Task.Token"}, TimeoutSeconds=60)
    waiting["Resource"] = f"{INVOKE}.waitForTaskToken"
    arn = machine(aws, "asking", {"Ask": waiting})
    machine(aws, "asking-not", {"Ask": waiting})
    may = {"Effect": "Allow", "Action": "states:SendTaskSuccess", "Resource": arn}
    answering = aws.assume(aws.role("answers", may), "stepfunctions")
    stranger = aws.assume(aws.role("answers-not", {**may, "Resource": f"{arn}-not"}), "stepfunctions")
    run = start(aws, arn, {})
    token = json.loads(wait_for(lambda: aws.printed("steps-asking"))[0])["token"]

    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.send_task_success(taskToken=token, output="{}")
    answering.send_task_success(taskToken=token, output='{"given": true}')

    assert json.loads(ended(aws, run)["output"]) == {"given": True}
    with pytest.raises(ClientError, match=r"TaskDoesNotExist|TaskTimedOut"):
        answering.send_task_success(taskToken=token, output="{}")


def test_a_history_tells_of_each_branch_what_went_in_and_came_out(aws: Aws) -> None:
    """Histories are searched for numbers: one that kept half of itself back would always be clean."""
    echo = aws.function("steps-branching", ECHO)
    branches = [
        {"StartAt": name, "States": {name: task(echo, {"told.$": "$.request", "step": name}, ResultPath=None)}}
        for name in ("left", "right")
    ]
    arn = machine(aws, "branching", {"Both": {"Type": "Parallel", "Branches": branches, "End": True}})
    run = start(aws, arn, {"request": "planted"})
    ended(aws, run)

    events = aws("stepfunctions").get_execution_history(executionArn=run, maxResults=1000)["events"]

    entered = {e["stateEnteredEventDetails"]["name"] for e in events if "stateEnteredEventDetails" in e}
    exited = {e["stateExitedEventDetails"]["name"] for e in events if "stateExitedEventDetails" in e}
    assert entered == exited == {"Both", "left", "right"}
    asked = [json.loads(e["taskScheduledEventDetails"]["parameters"]) for e in events if e["type"] == "TaskScheduled"]
    assert sorted(each["Payload"]["step"] for each in asked) == ["left", "right"]
    assert {each["Payload"]["told"] for each in asked} == {"planted"}


def test_retries_of_ours_are_taken(aws: Aws) -> None:
    """With jitter and a longest pause; whatever a function raises is repeated until it succeeds."""
    flaky = (
        "import pathlib\nclass FailedError(Exception): pass\n"
        "def handle(event, context):\n"
        "    mark = pathlib.Path('/tmp') / event['name']\n"
        "    if not mark.exists():\n        mark.touch()\n        raise FailedError('failed')\n"
        "    mark.unlink()\n    return {'more': False}"
    )
    name = aws.function("steps-flaky", flaky)
    retry = [{**RETRY[0], "MaxDelaySeconds": 60, "JitterStrategy": "FULL"}]
    step = task(
        name, {"name": f"fugace-flaky-{aws.place.port}"}, Retry=retry, ResultSelector={"more.$": "$.Payload.more"}
    )
    arn = machine(aws, "flaky", {"Step": step})

    run = start(aws, arn, {})

    assert json.loads(ended(aws, run)["output"]) == {"more": False}
    events = aws("stepfunctions").get_execution_history(executionArn=run)["events"]
    assert [e["taskFailedEventDetails"]["error"] for e in events if e["type"] == "TaskFailed"] == ["FailedError"]


def test_a_stack_keeps_how_a_machine_is_encrypted(aws: Aws) -> None:
    """And fills in its blanks, numbers too."""
    key = "arn:aws:kms:eu-west-3:000000000000:key/00000000-0000-4000-8000-000000000000"
    role = aws.role("kept-machine")
    encryption = {"Type": "CUSTOMER_MANAGED_KMS_KEY", "KmsKeyId": key, "KmsDataKeyReusePeriodSeconds": 900}
    text = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": ${Blank}, "End": true}}}'
    properties = {
        "StateMachineName": "kept",
        "RoleArn": role,
        "DefinitionString": text,
        "DefinitionSubstitutions": {"Blank": "2"},
        "EncryptionConfiguration": encryption,
    }

    arn = aws.deploy("kept", {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}})

    found = aws("stepfunctions").describe_state_machine(stateMachineArn=arn["Machine"])
    assert found["encryptionConfiguration"] == {
        "type": "CUSTOMER_MANAGED_KMS_KEY",
        "kmsKeyId": key,
        "kmsDataKeyReusePeriodSeconds": 900,
    }
    assert json.loads(found["definition"])["States"]["Wait"]["Seconds"] == 2
    assert found["loggingConfiguration"]["level"] == "OFF"


def test_a_right_to_some_rows_is_none_to_others(aws: Aws) -> None:
    """Keys of requests lie beside keys of persons: who may destroy one must not reach the other."""
    attributes = [{"AttributeName": "pk", "AttributeType": "S"}]
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    table = aws("dynamodb").create_table(
        TableName="leading", AttributeDefinitions=attributes, KeySchema=keys, BillingMode="PAY_PER_REQUEST"
    )["TableDescription"]["TableArn"]
    only = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["case/*"]}}
    actions = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"]
    may = {"Effect": "Allow", "Action": actions, "Resource": table, "Condition": only}
    rows = aws.assume(aws.role("leading-rows", may), "dynamodb")

    rows.put_item(TableName="leading", Item={"pk": {"S": "case/x"}})
    rows.delete_item(TableName="leading", Key={"pk": {"S": "case/x"}})

    for call, given in (("put_item", "Item"), ("get_item", "Key"), ("delete_item", "Key")):
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(rows, call)(TableName="leading", **{given: {"pk": {"S": "a-person"}}})


def test_a_right_to_restore_one_table_is_none_to_restore_another(aws: Aws) -> None:
    """Ours names the tables that may come back: neither that of keys nor the ledger is among them."""
    attributes = [{"AttributeName": "pk", "AttributeType": "S"}]
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    for name in ("backed-up", "backed-up-not"):
        made = {"TableName": name, "AttributeDefinitions": attributes, "KeySchema": keys}
        aws("dynamodb").create_table(**made, BillingMode="PAY_PER_REQUEST")
        pitr = {"PointInTimeRecoveryEnabled": True}
        aws("dynamodb").update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=pitr)
    actions = ["dynamodb:RestoreTableToPointInTime", "dynamodb:TagResource"]
    arn = "arn:aws:dynamodb:eu-west-3:000000000000:table/backed-up"
    may = {"Effect": "Allow", "Action": actions, "Resource": [arn, f"{arn}-restore"]}
    restoring = aws.assume(aws.role("restoring", may), "dynamodb")
    latest = {"UseLatestRestorableTime": True}

    with pytest.raises(ClientError, match="AccessDenied"):
        restoring.restore_table_to_point_in_time(SourceTableName="backed-up-not", TargetTableName="x-y-z", **latest)
    restoring.restore_table_to_point_in_time(SourceTableName="backed-up", TargetTableName="backed-up-restore", **latest)
    restoring.tag_resource(ResourceArn=f"{arn}-restore", Tags=[{"Key": "a", "Value": "b"}])
    summary = restoring_of(aws, "backed-up-restore")
    assert summary["SourceTableArn"] == arn
    assert summary["RestoreInProgress"] is False


def restoring_of(aws: Aws, table: str) -> dict[str, Any]:
    """What a table says of being a copy: ours works on none that does not."""
    return dict(aws("dynamodb").describe_table(TableName=table)["Table"]["RestoreSummary"])
