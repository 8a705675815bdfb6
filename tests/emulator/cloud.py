"""What the tests of the emulator do with it, in few words."""

import io
import json
import os
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import deploy
from local.place import Place, taken

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    ],
}


def free_place(folder: Path) -> Place:
    """An instance that nobody else is using; below the ports that the kernel gives to outgoing connections."""
    ports = range(20000 + os.getpid() % 1000 * 10, 32000, 10)
    return Place(folder, next(port for port in ports if not any(map(taken, range(port, port + 6)))))


def left_out() -> dict[str, str]:
    """The repairs that this run is to go without, for the emulator's environment."""
    return {"FUGACE_UNREPAIRED": os.environ.get("FUGACE_UNREPAIRED", "")}


@dataclass
class Aws:
    """The emulator, as an SDK sees it."""

    place: Place

    def __call__(self, service: str) -> Any:
        return deploy.client(self.place, service)

    def deploy(self, name: str, resources: dict[str, Any]) -> dict[str, str]:
        """Create or update a stack, and give the physical name of each resource."""
        cloudformation = self("cloudformation")
        exists = bool(deploy.status(self.place, name))
        change = cloudformation.update_stack if exists else cloudformation.create_stack
        change(StackName=name, TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_NAMED_IAM"])
        wait_for(lambda: deploy.status(self.place, name).endswith("_COMPLETE"))
        assert deploy.status(self.place, name) in deploy.DONE
        listed = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}

    def role(self, name: str, *statements: dict[str, Any]) -> str:
        """A role that may do just this; gives its ARN."""
        iam = self("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=policy)
        return str(arn)

    def assume(self, arn: str, service: str) -> Any:
        """A client with the rights of a role."""
        given = self("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        keys = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return deploy.client(self.place, service, *(given[key] for key in keys))

    def function(self, name: str, source: str, *statements: dict[str, Any], **settings: Any) -> str:
        """A Lambda function of one module; gives its ARN."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("code.py", source)
        made = self("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=self.role(f"{name}-role", *statements),
            Handler="code.handle",
            Code={"ZipFile": packed.getvalue()},
            **settings,
        )
        return str(made["FunctionArn"])

    def invoke(self, name: str, event: Any = None) -> tuple[bool, Any]:
        """Whether it failed, and what it answered."""
        answer = self("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
        return "FunctionError" in answer, json.loads(answer["Payload"].read())

    def printed(self, name: str) -> list[str]:
        """The lines of JSON that a function wrote to its log."""
        try:
            events = self("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except ClientError:
            return []
        return [event["message"].strip() for event in events if event["message"].startswith("{")]


def wait_for(ask: Callable[[], Any], *, seconds: float = 30) -> Any:
    """What `ask` gives once it is true; fails with the last answer if that takes too long."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            pytest.fail(f"did not happen within {seconds} s; last answer: {answer!r}")
        time.sleep(0.1)
    return answer
