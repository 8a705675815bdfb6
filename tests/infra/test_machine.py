"""The state machines: what they may do, and how little can get into their histories."""

import json
import re

import pytest

from infra.parts.machine import WORKFLOWS

NAMES = 80
"""Characters in the name of a state (Step Functions' limit)."""


@pytest.fixture(params=WORKFLOWS)
def name(request):
    """Each machine, by its name."""
    return request.param


def definition(of):
    """A definition, filled in as CloudFormation does it."""
    text = WORKFLOWS[of].text
    for name in WORKFLOWS[of].steps:
        text = text.replace(f"${{{name.title()}}}", name)
    return json.loads(text.replace("${Partition}", "aws").replace("${DrainSeconds}", "65"))


def states(machine):
    """Name and content of all states, those of branches included."""
    for name, state in machine["States"].items():
        yield name, state
        for branch in state.get("Branches", ()):
            yield from states(branch)


def tasks(of):
    return [(name, state) for name, state in states(definition(of)) if state["Type"] == "Task"]


def deployed(stacks, name):
    return stacks.one("StepFunctions::StateMachine", StateMachineName=f"fugace-{stacks.environment}-{name}")


@pytest.fixture(params=["example", "laptop", "eusc-de-east-1"])
def machine(request, name, synthesized):
    """Where it runs for real, on a laptop, and in the partition that has names of its own."""
    return deployed(synthesized[request.param], name)


def test_these_are_all_the_machines(example):
    """One more would be one more history that nobody can delete."""
    assert len(example.properties("StepFunctions::StateMachine")) == len(WORKFLOWS) == 2


def test_the_definition_is_deployed_as_it_is_in_the_repository(machine, name):
    """The tests run the file: what is deployed must be it."""
    assert machine["DefinitionString"] == WORKFLOWS[name].text
    assert machine["StateMachineType"] == "STANDARD"


def test_every_blank_is_filled_in_and_nothing_else_is_given(machine, name):
    """One that is forgotten would stand in the definition as it is, and the deployment would still succeed."""
    assert set(machine["DefinitionSubstitutions"]) == WORKFLOWS[name].blanks
    assert WORKFLOWS[name].blanks - {"DrainSeconds"} == {*map(str.title, WORKFLOWS[name].steps), "Partition"}


def test_each_step_is_the_function_of_its_name(example, name):
    """Erase where export is meant would be found out too late."""
    given = deployed(example, name)["DefinitionSubstitutions"]

    assert {"settle", "erase", "export"} <= set(WORKFLOWS["requests"].steps)
    for step in WORKFLOWS[name].steps:
        assert example.called(given[step.title()]) == step


def test_the_drain_is_as_long_as_the_environment_says(example, laptop):
    """The laptop's tests wait for it."""
    given = [deployed(each, "requests")["DefinitionSubstitutions"] for each in (example, laptop)]
    seconds = [each["DrainSeconds"] for each in given]

    assert seconds == ["65", "2"]


TOLD = {
    "requests": {"request.$": "$.request", "token.$": "$$.Task.Token"},
    "restore": {"restore.$": "$.restore", "table.$": "$.table", "at.$": "$.at"},
}
KEPT = {"requests": {"next", "more", "until"}, "restore": {"ready", "more", "kept", "refused", "live"}}


def test_a_step_is_told_ids_and_a_word_and_nothing_else(name):
    """Whatever enters a state is in its history for 90 days, and nobody can delete it (I2)."""
    for title, state in tasks(name):
        payload = state["Parameters"]["Payload"]
        assert set(state["Parameters"]) == {"FunctionName", "Payload"}, title
        for key, value in payload.items():
            word = key in {"step", "place"} and re.fullmatch("[a-z]+", value)
            assert TOLD[name].get(key) == value or word, title


def test_of_what_a_step_answers_words_and_counts_are_kept_and_of_an_error_nothing(name):
    """`ResultPath` null throws away; what is kept is chosen field by field. An error's cause has its own words."""
    chosen = {f"{word}.$": f"$.Payload.{word}" for word in KEPT[name]}
    for title, state in tasks(name):
        if state["ResultPath"] is not None:
            assert state["ResultPath"] == "$.it", title
            assert state["ResultSelector"].items() <= chosen.items(), title
        assert all(each["ResultPath"] is None for each in state.get("Catch", ())), title


def test_nothing_is_called_but_our_functions(name):
    """No address on the web, no other service: those would be reached with what stands in the input."""
    called = {state["Resource"] for _, state in tasks(name)}

    assert called <= {"arn:aws:states:::lambda:invoke", "arn:aws:states:::lambda:invoke.waitForTaskToken"}
    assert {state["Parameters"]["FunctionName"] for _, state in tasks(name)} == set(WORKFLOWS[name].steps)
    assert {state["Type"] for _, state in states(definition(name))} <= {
        *("Task", "Choice", "Wait", "Parallel", "Pass", "Fail", "Succeed")
    }


def test_every_step_is_tried_again_and_one_that_fails_for_good_is_written_down():
    """A request that is lost half-way is an infringement a month later. Who writes it down has nobody behind it."""
    last = {"Broken", *(title for title, _ in tasks("requests") if title.endswith(" failed"))}
    for title, state in tasks("requests"):
        assert state["Retry"], title
        assert bool(state.get("Catch")) is (title not in last), title


def test_names_are_those_that_step_functions_takes(name):
    """A long one is refused at the deployment; one that is there twice is another state."""
    names = [title for title, _ in states(definition(name))]

    assert len(names) == len(set(names))
    assert max(map(len, names)) <= NAMES


def test_its_history_is_under_our_key_and_there_is_no_second_one(machine):
    """A log or a trace would be a copy with a life of its own."""
    assert machine["EncryptionConfiguration"]["Type"] == "CUSTOMER_MANAGED_KMS_KEY"
    assert "KeysServices" in json.dumps(machine["EncryptionConfiguration"]["KmsKeyId"])
    assert 60 <= machine["EncryptionConfiguration"]["KmsDataKeyReusePeriodSeconds"] <= 900
    assert "LoggingConfiguration" not in machine
    assert "TracingConfiguration" not in machine


def test_it_may_call_the_functions_of_its_steps_and_nothing_else(example, name):
    """And use the key for its own history: the encryption context names it."""
    role = example.role(f"{name}-machine")
    call, history = (statement for each in role["Policies"] for statement in each["PolicyDocument"]["Statement"])

    assert call["Action"] == "lambda:InvokeFunction"
    resources = call["Resource"] if isinstance(call["Resource"], list) else [call["Resource"]]
    assert {example.called(each) for each in resources} == set(WORKFLOWS[name].steps)
    assert set(history["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert list(history["Condition"]["StringEquals"]) == ["kms:EncryptionContext:aws:states:stateMachineArn"]
    assert f"fugace-example-{name}" in json.dumps(history["Condition"])


def test_step_functions_takes_its_role_for_it_alone(example, name):
    """The service acts for every account: without the source it would act for a stranger's machine."""
    (trust,) = example.role(f"{name}-machine")["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    said = trust["Condition"]["StringEquals"]
    assert said["aws:SourceArn"]["Fn::Join"][1][-1] == f":stateMachine:fugace-example-{name}"
    assert said["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_who_starts_it_is_told_the_name_that_it_has(example):
    """The address is made of the name, so that neither has to be there before the other."""
    for function in ("requests", "watch"):
        told = example.function(function)["Environment"]["Variables"]["REQUEST_MACHINE"]
        assert told["Fn::Join"][1][-1] == ":stateMachine:fugace-example-requests"


def test_a_definition_names_no_partition(name):
    """In the Sovereign Cloud `arn:aws:` is somebody else's."""
    assert "arn:aws" not in WORKFLOWS[name].text
