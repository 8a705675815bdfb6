"""How a new version takes over, and that it can be taken back."""

import json

import pytest

from infra.duties import DUTIES

RESOURCES, MARGIN = 500, 50
"""CloudFormation's limit for a stack, and what must be left of it for the next feature."""

CALLERS = (
    "ApiGateway::Method",
    "ApiGateway::Authorizer",
    "Lambda::EventSourceMapping",
    "Lambda::Permission",
    "Scheduler::Schedule",
    "StepFunctions::StateMachine",
)


def release(stacks, kind):
    """Logical id and resource, of this type, of those that only a release needs."""
    return {name: each for name, each in stacks.resources(kind) if name.startswith("Release")}


@pytest.mark.parametrize("name", ["example", "laptop"])
def test_every_function_has_an_alias_of_a_published_version(synthesized, name):
    """What is live can be set back to what was: `$LATEST` is whatever was uploaded last."""
    stacks = synthesized[name]
    versions = dict(stacks.resources("Lambda::Version"))
    functions = {logical: each["Properties"]["FunctionName"] for logical, each in stacks.resources("Lambda::Function")}
    live = {}
    for each in stacks.properties("Lambda::Alias"):
        assert each["Name"] == "live"
        version = versions[each["FunctionVersion"]["Fn::GetAtt"][0]]["Properties"]
        assert version["FunctionName"] == each["FunctionName"]
        live[functions[each["FunctionName"]["Ref"]]] = each

    assert set(live) == {f"fugace-{name}-{function}" for function in DUTIES}


@pytest.mark.parametrize("kind", CALLERS)
def test_nothing_calls_a_function_past_its_alias(example, kind):
    """A tenth of the calls would be no tenth, and a release that was taken back would go on."""
    functions = {logical for logical, _ in example.resources("Lambda::Function")}
    called = [json.dumps(each) for each in example.properties(kind)]

    assert called
    assert not [each for each in called if any(f'"{logical}"' in each for logical in functions)]


def test_who_may_call_may_call_the_alias_alone(example):
    """A right to the function is a right to every version of it, and to what nobody has released."""
    allowed = [
        statement
        for role in example.properties("IAM::Role", "IAM::Policy")
        for policy in (role.get("Policies") or [role])
        for statement in policy.get("PolicyDocument", {}).get("Statement", [])
        if "lambda:InvokeFunction" in json.dumps(statement["Action"])
    ]

    assert len(allowed) == 6  # two machines, four schedules
    assert "Fn::GetAtt" not in json.dumps([each["Resource"] for each in allowed])


def test_versions_that_were_live_stay_where_data_do(example, laptop):
    """An operator goes back to one in seconds. A laptop would gather them for nothing."""
    for stacks, policy in ((example, "Retain"), (laptop, "Delete")):
        assert {each["DeletionPolicy"] for _, each in stacks.resources("Lambda::Version")} == {policy}


def test_a_new_version_gets_a_tenth_of_the_calls_for_five_minutes(example, laptop):
    """For every function; on a laptop, where nobody waits, at once."""
    groups = release(example, "CodeDeploy::DeploymentGroup")

    assert {each["Properties"]["DeploymentGroupName"] for each in groups.values()} == {
        f"fugace-example-{name}" for name in DUTIES
    }
    for each in groups.values():
        assert each["Properties"]["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    for _, alias in example.resources("Lambda::Alias"):
        moved = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        assert moved["DeploymentGroupName"]["Ref"] in groups
        assert moved["DeploymentGroupName"]["Ref"] in alias["DependsOn"]
    assert not laptop.resources("CodeDeploy::DeploymentGroup", "CodeDeploy::Application")
    assert not [each for _, each in laptop.resources("Lambda::Alias") if "UpdatePolicy" in each]


def test_a_version_that_fails_is_taken_back(example):
    """On its own errors and bugs, and when clients see errors; and whenever a deployment is stopped half-way."""
    alarms = release(example, "CloudWatch::Alarm")
    for each in release(example, "CodeDeploy::DeploymentGroup").values():
        group = each["Properties"]
        name = group["DeploymentGroupName"].removeprefix("fugace-example-")
        watched = {alarms[of["Name"]["Ref"]]["Properties"]["AlarmName"] for of in group["AlarmConfiguration"]["Alarms"]}
        assert watched == {f"fugace-example-{name}-release", "fugace-example-api-release"}
        assert group["AlarmConfiguration"]["Enabled"] is True
        assert "IgnorePollAlarmFailure" not in group["AlarmConfiguration"]
        assert group["AutoRollbackConfiguration"]["Enabled"] is True
        assert len(group["AutoRollbackConfiguration"]["Events"]) == 3


@pytest.mark.parametrize("name", DUTIES)
def test_it_is_the_new_version_whose_errors_count(example, name):
    """A release must be able to mend a function that fails already. Within a minute: all calls follow after five."""
    found = example.one("CloudWatch::Alarm", AlarmName=f"fugace-example-{name}-release")
    metrics = {each["Id"]: each for each in found["Metrics"]}
    errors, bugs = metrics["errors"]["MetricStat"], metrics["bugs"]["MetricStat"]
    asked = {each["Name"]: each["Value"] for each in errors["Metric"]["Dimensions"]}
    alias = example.one("Lambda::Alias", FunctionName={"Ref": logical_of(example, name)})

    assert asked == {
        "FunctionName": f"fugace-example-{name}",
        "Resource": f"fugace-example-{name}:live",
        "ExecutedVersion": alias["FunctionVersion"],
    }
    assert bugs["Metric"]["Dimensions"] == [{"Name": "service", "Value": name}]
    assert {errors["Period"], bugs["Period"]} == {60}
    assert (found["EvaluationPeriods"], found["Threshold"], found["TreatMissingData"]) == (1, 1, "notBreaching")


def logical_of(stacks, name):
    (found,) = (
        logical
        for logical, each in stacks.resources("Lambda::Function")
        if each["Properties"]["FunctionName"] == f"fugace-{stacks.environment}-{name}"
    )
    return found


def test_codedeploy_may_move_these_aliases_and_nothing_else(example):
    """The policy that AWS offers for it lets it move every alias of the account."""
    role = example.role("release")
    said = {json.dumps(each["Action"]) for of in role["Policies"] for each in of["PolicyDocument"]["Statement"]}

    assert said == {
        json.dumps(["lambda:GetAlias", "lambda:UpdateAlias"]),
        json.dumps("lambda:GetProvisionedConcurrencyConfig"),
        json.dumps("cloudwatch:DescribeAlarms"),
    }
    assert "ManagedPolicyArns" not in role
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


@pytest.mark.parametrize("stack", ["data", "pipeline", "watch"])
def test_a_stack_has_room_for_the_next_feature(example, stack):
    """The 501st resource is refused at the deployment, by when it is too late to split the stack in peace."""
    assert len(example.templates[stack]["Resources"]) <= RESOURCES - MARGIN
