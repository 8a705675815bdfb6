"""Carriers' receipts from carriers' addresses alone, where a carrier publishes them."""

from collections.abc import Mapping

from aws_cdk import aws_iam as iam

from infra.config import STAGE, Environment


def receipts_from(environment: Environment) -> iam.PolicyDocument | None:
    """The API's resource policy; None where no carrier has said where its receipts come from.

    All that is not refused stays as it was: an API with a policy takes only what the policy allows, so it allows
    everything, and refuses a carrier's own path from elsewhere. API Gateway Developer Guide, "API Gateway resource
    policy examples", has both statements.
    """
    walled = [carrier for carrier in environment.carriers if carrier.addresses]
    if not walled:
        return None
    policy = iam.PolicyDocument(statements=[_statement(iam.Effect.ALLOW, "execute-api:/*")])
    for carrier in walled:
        elsewhere = {"NotIpAddress": {"aws:SourceIp": list(carrier.addresses)}}
        policy.add_statements(_statement(iam.Effect.DENY, f"execute-api:/{STAGE}/*/dlr/{carrier.name}/*", elsewhere))
    # A name that is written otherwise (`/dlr/%73im…`) is not matched above, and may be read as the carrier's behind.
    # No path that we give to a carrier has a percent sign.
    policy.add_statements(_statement(iam.Effect.DENY, f"execute-api:/{STAGE}/*/dlr/*%*"))
    return policy


def _statement(
    effect: iam.Effect, resource: str, conditions: Mapping[str, object] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        effect=effect,
        principals=[iam.AnyPrincipal()],
        actions=["execute-api:Invoke"],
        resources=[resource],
        conditions=conditions,
    )
