"""The state machine that answers persons' requests, in Step Functions."""

import json

from fugace.adapters.faults import Asking, code_of
from fugace.adapters.session import Aws
from fugace.domain.case import CaseKey

_UNDER_WAY = {"RUNNING", "PENDING_REDRIVE"}
_OVER = {"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"}


class StepMachine:
    """A `fugace.rights.Machine`."""

    def __init__(self, aws: Aws, arn: str) -> None:
        self._aws = aws
        self._arn = arn

    def start(self, key: CaseKey, run: int) -> None:
        """One StartExecution. Names are not given twice within 90 days: a second start of a run is none."""
        try:
            with Asking():
                self._aws.client("stepfunctions").start_execution(
                    stateMachineArn=self._arn, name=_name(key, run), input=json.dumps({"request": str(key)})
                )
        except Exception as error:
            if code_of(error) != "ExecutionAlreadyExists":
                raise

    def alive(self, key: CaseKey, run: int) -> bool:
        """One DescribeExecution."""
        execution = self._arn.replace(":stateMachine:", ":execution:") + f":{_name(key, run)}"
        try:
            with Asking():
                found = self._aws.client("stepfunctions").describe_execution(executionArn=execution)
        except Exception as error:
            if code_of(error) != "ExecutionDoesNotExist":
                raise
            return False
        return found["status"] in _UNDER_WAY

    def answer(self, token: str) -> bool:
        """One SendTaskSuccess. What is sent along is nothing: whoever goes on reads the request."""
        try:
            with Asking():
                self._aws.client("stepfunctions").send_task_success(taskToken=token, output="{}")
        except Exception as error:
            if code_of(error) not in _OVER:
                raise
            return False
        return True


def _name(key: CaseKey, run: int) -> str:
    return f"{key.tenant}-{key.id}-{run}"
