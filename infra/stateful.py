"""What must never be replaced: its logical id, its type, and the properties whose change means another one.

CloudFormation replaces a resource when its logical id, or one of these properties, changes: it makes a new and empty
one, and the old one is deleted, or left behind with all that is in it. `make stateful` writes the list that a test
compares the templates with; what is in it is a decision.

Source: AWS CloudFormation Template Reference, each type's properties under "Update requires: Replacement".
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import App

from infra.app import build
from infra.config import ROOT, read

LIST = ROOT / "infra/stateful.json"
ENVIRONMENT = "example"
"""The shape that production has. Another environment has the same ids, and its own name in the names."""

REPLACING = {
    "AWS::DynamoDB::Table": ("TableName", "KeySchema", "LocalSecondaryIndexes"),
    "AWS::S3::Bucket": ("BucketName", "BucketNamespace", "BucketNamePrefix"),
    "AWS::KMS::Key": ("KeySpec", "KeyUsage", "MultiRegion", "Origin"),
    "AWS::KMS::Alias": ("AliasName",),
    "AWS::SecretsManager::Secret": ("Name",),
    "AWS::Logs::LogGroup": ("LogGroupName", "LogGroupClass"),
    "AWS::SQS::Queue": ("QueueName", "FifoQueue"),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", "StateMachineType"),
    "AWS::Scheduler::ScheduleGroup": ("Name",),
    "AWS::SNS::Topic": ("TopicName", "FifoTopic"),
    "AWS::ApiGateway::RestApi": (),
}
"""An API is never replaced because of a property; with another id, it would answer at another address."""

Template = Mapping[str, Any]
Stateful = dict[str, dict[str, Any]]


def stateful(template: Template) -> Stateful:
    """Of a template: logical id, type, and what it was given of the properties that replace."""
    return {
        logical: {
            "type": resource["Type"],
            **{name: given[name] for name in REPLACING[resource["Type"]] if name in (given := resource["Properties"])},
        }
        for logical, resource in sorted(template["Resources"].items())
        if resource["Type"] in REPLACING
    }


def written() -> dict[str, Stateful]:
    """The list, by stack: data, pipeline, watch."""
    found: dict[str, Stateful] = json.loads(LIST.read_text(encoding="utf-8"))
    return found


def write(templates: Mapping[str, Template], to: Path = LIST) -> None:
    """Make these templates the list."""
    found = {word: stateful(template) for word, template in templates.items()}
    to.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Synthesize, and write the list anew."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app, environment = App(context=context, analytics_reporting=False), read({**context, "env": ENVIRONMENT})
    build(app, environment)
    assembly = app.synth()
    write(
        {word: assembly.get_stack_by_name(environment.named(word)).template for word in ("data", "pipeline", "watch")}
    )


if __name__ == "__main__":
    main()
