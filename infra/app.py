"""The CDK app: `cdk synth -c env=NAME`. It asks neither an account nor the network nor Docker for anything."""

import sys
from datetime import UTC, datetime

from aws_cdk import App, Stack, Tags
from aws_cdk import aws_iam as iam

from infra import residency
from infra.config import SETTINGS, ConfigError, Environment, read, retention
from infra.stacks.data import DataStack
from infra.stacks.pipeline import PipelineStack
from infra.stacks.watch import WatchStack


def build(app: App, environment: Environment) -> tuple[DataStack, PipelineStack, WatchStack]:
    """Put the stacks of `environment` into `app`.

    Raises:
        ConfigError: what is packed into the functions has not been built, or the bounds in it contradict themselves.
    """
    retention(environment)
    for built in (environment.layer / "python", environment.code / "functions"):
        if not built.is_dir():
            sentence = f"there is no {built}: run `make layer` first"
            raise ConfigError(sentence)
    data = DataStack(app, environment)
    pipeline = PipelineStack(app, environment, data)
    watch = WatchStack(app, environment, data)
    watch.add_stack_dependency(pipeline)
    for stack in (data, pipeline, watch):
        Tags.of(stack).add("fugace", environment.name)
        if environment.permissions_boundary:
            _limit(stack, environment.permissions_boundary)
    return data, pipeline, watch


def _limit(stack: Stack, policy: str) -> None:
    """Have no role of the stack go beyond a managed policy, which is there already: by its ARN, or its name."""
    known = iam.ManagedPolicy
    found = (
        known.from_managed_policy_arn(stack, "Boundary", policy)
        if policy.startswith("arn:")
        else known.from_managed_policy_name(stack, "Boundary", policy)
    )
    iam.PermissionsBoundary.of(stack).apply(found)


def main() -> None:
    """Synthesize the environment that the context names, or say in one sentence why not."""
    app = App(analytics_reporting=False)
    try:
        environment = read({name: app.node.try_get_context(name) for name in ("env", "environments", *SETTINGS)})
        build(app, environment)
    except ConfigError as error:
        sys.exit(f"fugace: {error}")
    residency.bind(app, [environment], today=datetime.now(UTC).date())
    try:
        app.synth()
    except RuntimeError as error:  # what jsii makes of what JavaScript throws
        if "ValidationFailed" not in str(error):
            raise
        sys.exit("fugace: the synthesis was refused; what was found is above")


if __name__ == "__main__":
    main()
