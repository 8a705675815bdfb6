"""The state machine that answers persons' requests: what it may do, and how little can get into its history."""

import json
import re

import pytest

from infra.config import ROOT
from infra.parts.machine import DEFINITION, STEPS

TEXT = DEFINITION.read_text(encoding="utf-8")
NAMES = 80
"""Characters in the name of a state (Step Functions' limit)."""


def definition(text=TEXT):
    """The definition, filled in as CloudFormation does it."""
    for name in STEPS:
        text = text.replace(f"${{{name.title()}}}", name)
    return json.loads(text.replace("${Partition}", "aws").replace("${DrainSeconds}", "65"))


def states(machine):
    """Name and content of all states, those of branches included."""
    for name, state in machine["States"].items():
        yield name, state
        for branch in state.get("Branches", ()):
            yield from states(branch)


def tasks():
    return [(name, state) for name, state in states(definition()) if state["Type"] == "Task"]


@pytest.fixture(params=["example", "laptop", "eusc-de-east-1"])
def machine(request, synthesized):
    """Where it runs for real, on a laptop, and in the partition that has names of its own."""
    return synthesized[request.param].one("StepFunctions::StateMachine")


def test_the_definition_is_deployed_as_it_is_in_the_repository(machine):
    """The tests run the file: what is deployed must be it."""
    assert machine["DefinitionString"] == TEXT
    assert machine["StateMachineType"] == "STANDARD"


def test_every_blank_is_filled_in_and_nothing_else_is_given(machine):
    """One that is forgotten would stand in the definition as it is, and the deployment would still succeed."""
    blanks = set(re.findall(r"\$\{(\w+)\}", TEXT))

    assert set(machine["DefinitionSubstitutions"]) == blanks
    assert blanks == {*(name.title() for name in STEPS), "Partition", "DrainSeconds"}


def test_each_step_is_the_function_of_its_name(example):
    """Erase where export is meant would be found out too late."""
    given = example.one("StepFunctions::StateMachine")["DefinitionSubstitutions"]
    functions = {name: each["Properties"]["FunctionName"] for name, each in example.resources("Lambda::Function")}

    for name in STEPS:
        assert functions[given[name.title()]["Fn::GetAtt"][0]] == f"fugace-example-{name}"


def test_the_drain_is_as_long_as_the_environment_says(example, laptop):
    """The laptop's tests wait for it."""
    seconds = [
        each.one("StepFunctions::StateMachine")["DefinitionSubstitutions"]["DrainSeconds"] for each in (example, laptop)
    ]

    assert seconds == ["65", "2"]


def test_a_step_is_told_the_request_and_a_word_and_nothing_else():
    """Whatever enters a state is in its history for 90 days, and nobody can delete it (I2)."""
    allowed = {"request.$": "$.request", "token.$": "$$.Task.Token"}
    for name, state in tasks():
        payload = state["Parameters"]["Payload"]
        assert set(state["Parameters"]) == {"FunctionName", "Payload"}, name
        for key, value in payload.items():
            assert allowed.get(key) == value or (key in {"step", "place"} and re.fullmatch("[a-z]+", value)), name


def test_of_what_a_step_answers_a_word_is_kept_and_of_an_error_nothing():
    """`ResultPath` null throws away; what is kept is chosen field by field. An error's cause has its own words."""
    chosen = {"next.$": "$.Payload.next", "more.$": "$.Payload.more", "until.$": "$.Payload.until"}
    for name, state in tasks():
        if state["ResultPath"] is not None:
            assert state["ResultPath"] == "$.it", name
            assert state["ResultSelector"].items() <= chosen.items(), name
        assert all(each["ResultPath"] is None for each in state.get("Catch", ())), name


def test_nothing_is_called_but_our_functions():
    """No address on the web, no other service: those would be reached with what stands in the input."""
    called = {state["Resource"] for _, state in tasks()}

    assert called == {"arn:aws:states:::lambda:invoke", "arn:aws:states:::lambda:invoke.waitForTaskToken"}
    assert {state["Parameters"]["FunctionName"] for _, state in tasks()} == set(STEPS)
    assert {state["Type"] for _, state in states(definition())} <= {
        *("Task", "Choice", "Wait", "Parallel", "Pass", "Fail", "Succeed")
    }


def test_every_step_is_tried_again_and_one_that_fails_for_good_is_written_down():
    """A request that is lost half-way is an infringement a month later. Who writes it down has nobody behind it."""
    last = {"Broken", *(name for name, _ in tasks() if name.endswith(" failed"))}
    for name, state in tasks():
        assert state["Retry"], name
        assert bool(state.get("Catch")) is (name not in last), name


def test_names_are_those_that_step_functions_takes():
    """A long one is refused at the deployment; one that is there twice is another state."""
    names = [name for name, _ in states(definition())]

    assert len(names) == len(set(names))
    assert max(map(len, names)) <= NAMES


def test_its_history_is_under_our_key_and_there_is_no_second_one(machine):
    """A log or a trace would be a copy with a life of its own."""
    assert machine["EncryptionConfiguration"]["Type"] == "CUSTOMER_MANAGED_KMS_KEY"
    assert "KeysServices" in json.dumps(machine["EncryptionConfiguration"]["KmsKeyId"])
    assert 60 <= machine["EncryptionConfiguration"]["KmsDataKeyReusePeriodSeconds"] <= 900
    assert "LoggingConfiguration" not in machine
    assert "TracingConfiguration" not in machine


def test_it_may_call_the_functions_of_its_steps_and_nothing_else(example):
    """And use the key for its own history: the encryption context names it."""
    role = example.role("requests-machine")
    call, history = (statement for each in role["Policies"] for statement in each["PolicyDocument"]["Statement"])
    functions = {name: each["Properties"]["FunctionName"] for name, each in example.resources("Lambda::Function")}

    assert call["Action"] == "lambda:InvokeFunction"
    called = {functions[each["Fn::GetAtt"][0]].removeprefix("fugace-example-") for each in call["Resource"]}
    assert called == set(STEPS)
    assert set(history["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert list(history["Condition"]["StringEquals"]) == ["kms:EncryptionContext:aws:states:stateMachineArn"]
    assert "fugace-example-requests" in json.dumps(history["Condition"])


def test_step_functions_takes_its_role_for_it_alone(example):
    """The service acts for every account: without the source it would act for a stranger's machine."""
    (trust,) = example.role("requests-machine")["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    said = trust["Condition"]["StringEquals"]
    assert json.dumps(said["aws:SourceArn"]).endswith(':stateMachine:fugace-example-requests"]]}')
    assert said["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_who_starts_it_is_told_the_name_that_it_has(example):
    """The address is made of the name, so that neither has to be there before the other."""
    for name in ("requests", "watch"):
        told = example.function(name)["Environment"]["Variables"]["REQUEST_MACHINE"]
        assert json.dumps(told).endswith(':stateMachine:fugace-example-requests"]]}')
    assert example.one("StepFunctions::StateMachine")["StateMachineName"] == "fugace-example-requests"


def test_the_definition_names_no_partition():
    """In the Sovereign Cloud `arn:aws:` is somebody else's."""
    assert "arn:aws" not in TEXT
    assert DEFINITION.is_relative_to(ROOT / "infra/workflows")
