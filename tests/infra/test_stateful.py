"""What holds something stays the one that it is, whatever is deployed and whatever is deleted."""

import copy

import pytest

from infra.stateful import LIST, REPLACING, stateful, write, written

ADVICE = """
A resource that holds something would be replaced, come, or go. Another logical id or another of these properties means
a new and empty resource; the old one is deleted, or left behind with all that is in it. Restore the id or the property.
If it is meant (something new; something that was emptied first), run `make stateful` and say why in the commit.
"""

KEPT = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret")
"""Where data, and what opens them, is."""

GOES = {
    "AWS::SQS::Queue": "ids on their way, which reconcile and watch find again",
    "AWS::Scheduler::ScheduleGroup": "the same, for later",
    "AWS::StepFunctions::StateMachine": "runs, which watch begins again",
    "AWS::SNS::Topic": "who is woken",
    "AWS::KMS::Alias": "a name",
    "AWS::ApiGateway::RestApi": "an address",
    "AWS::Logs::LogGroup": "what functions say; who called the API stays",
}
"""What may go with a stack that somebody deletes, and what is in it. Every stack is protected from that."""


@pytest.mark.parametrize("stack", ["data", "pipeline", "watch"])
def test_nothing_that_holds_something_is_replaced(example, stack):
    """Each of these was filled by somebody: people's messages, keys, an operator's secret, an address in a contract."""
    assert stateful(example.templates[stack]) == written()[stack], ADVICE


def test_a_replacement_is_seen(example):
    """A construct that is renamed, a key of a table, a name: each is one word in the code."""
    there = example.templates["data"]
    table = next(name for name, each in there["Resources"].items() if each["Type"] == "AWS::DynamoDB::Table")
    renamed, changed, longer = (copy.deepcopy(there) for _ in range(3))
    renamed["Resources"][f"{table}2"] = renamed["Resources"].pop(table)
    changed["Resources"][table]["Properties"]["KeySchema"][0]["AttributeName"] = "other"
    longer["Resources"][table]["Properties"]["TimeToLiveSpecification"] = {"AttributeName": "x", "Enabled": True}

    assert stateful(renamed) != stateful(there) != stateful(changed)
    assert stateful(longer) == stateful(there)  # what CloudFormation changes in place is nobody's loss


def test_the_list_is_what_the_command_writes(example, tmp_path):
    """Nobody edits it by hand."""
    write(example.templates, tmp_path / "stateful.json")

    assert (tmp_path / "stateful.json").read_text() == LIST.read_text()


def test_every_type_that_is_deployed_and_named_is_either_kept_or_may_go():
    """A new type in the list waits here until somebody has decided."""
    assert {*KEPT, *GOES} == set(REPLACING)


def test_data_survive_the_deletion_of_their_stack(example):
    """By accident, by a rename, by a failed deployment: all three end with the same word in the template."""
    logs = {"/fugace/example/api"}
    for _, each in example.resources():
        held = each["Type"] in KEPT or each.get("Properties", {}).get("LogGroupName") in logs
        if held:
            assert (each["DeletionPolicy"], each["UpdateReplacePolicy"]) == ("Retain", "Retain"), each


def test_a_key_can_be_rescued_and_a_table_cannot_be_deleted(example):
    """By whoever has the right to. Thirty days are the longest that KMS waits."""
    assert {each["PendingWindowInDays"] for each in example.properties("KMS::Key")} == {30}
    assert {each["DeletionProtectionEnabled"] for each in example.properties("DynamoDB::Table")} == {True}
