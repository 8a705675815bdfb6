"""The API that clients and carriers call: REST, regional, TLS 1.2 or better."""

import json
from collections.abc import Mapping

from aws_cdk import ArnFormat, Aws, Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import AWS_URL, BURST, RATE, STAGE, Environment
from infra.parts.addresses import receipts_from
from infra.parts.domain import OwnName
from infra.parts.firewall import Wall
from infra.parts.function import Function
from infra.parts.logs import log_group
from infra.parts.plans import UsagePlans
from infra.parts.problems import answer_as_problems

ROUTES = (
    ("keys", "/v1/keys", "GET POST"),
    ("keys", "/v1/keys/{id}", "DELETE"),
    ("send", "/v1/messages", "GET POST"),
    ("send", "/v1/messages/preview", "POST"),
    ("send", "/v1/messages/{id}", "DELETE GET"),
    ("webhooks", "/v1/webhooks", "GET POST"),
    ("webhooks", "/v1/webhooks/{id}", "DELETE GET"),
    ("webhooks", "/v1/webhooks/{id}/test", "POST"),
    ("webhooks", "/v1/webhooks/{id}/secret", "POST"),
    ("webhooks", "/v1/webhooks/{id}/replay", "POST"),
    ("webhooks", "/v1/webhooks/{id}/deliveries", "GET"),
    ("retention", "/v1/retention", "GET PUT"),
    ("retention", "/v1/holds", "GET POST"),
    ("retention", "/v1/holds/{id}", "DELETE GET"),
    ("retention", "/v1/ledger", "GET"),
    ("retention", "/v1/statistics", "GET"),
    ("requests", "/v1/discovery", "GET"),
    ("requests", "/v1/requests", "GET POST"),
    ("requests", "/v1/requests/{id}", "DELETE GET"),
    ("requests", "/v1/requests/{id}/extension", "POST"),
    ("requests", "/v1/requests/{id}/denial", "POST"),
    ("requests", "/v1/requests/{id}/code", "POST"),
    ("requests", "/v1/requests/{id}/links", "POST"),
    ("requests", "/v1/requests/{id}/certificate", "GET"),
    ("requests", "/v1/subjects/search", "POST"),
    ("requests", "/v1/tenants/me", "DELETE"),
)
"""Function, path, methods; all of them for an API key only."""

OPEN_ROUTES = (
    ("receive", "/dlr/{carrier}/{token}", "GET POST"),
    ("requests", "/v1/archives/{token}", "GET"),
)
"""Carriers have no API key: the token in the path and the carrier's signature are checked by the function.

Nor has a person: the link to an archive can be used once, for a while, and names nobody.
"""

REVOKED_WITHIN = Duration.seconds(45)
"""How long the gateway trusts an answer of the authorizer. A revoked key must be dead after 60 seconds."""

# A key that cannot be one is refused by the gateway itself and wakes no function.
KEY_FORM = r"[Bb][Ee][Aa][Rr][Ee][Rr] fug_(live|test)_[0-9A-Za-z]{20,128}"

# TLS 1.3, or 1.2 with forward secrecy. Without this a regional API accepts TLS 1.0.
TLS_POLICY = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"

# Who had access: a key and a tenant, when, to what kind of thing, and whether it was let in. Neither address nor path
# nor query: the path as it is declared, `/v1/messages/{id}`. No person is in it, so it may be kept for a year.
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "tenant": "$context.authorizer.tenant",
    "key": "$context.authorizer.key_id",
    "method": "$context.httpMethod",
    "resourcePath": "$context.resourcePath",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "integrationRequestId": "$context.integration.requestId",
    "responseType": "$context.error.responseType",
}


class RestApi(Construct):
    """One stage, and no endpoint but the Region's own: an edge-optimized one, CloudFront's, would leave the Union."""

    def __init__(self, scope: Construct, name: str, *, environment: Environment, key: kms.IKey) -> None:
        """The routes come with `open_to`: functions are told the API's address, so it must be there before them."""
        super().__init__(scope, name)
        self._environment = environment
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=environment.named(),
            description=f"Fugace {environment.name}",
            endpoint_configuration=apigateway.EndpointConfiguration(types=[apigateway.EndpointType.REGIONAL]),
            cloud_watch_role=False,
            deploy_options=self._stage(key),
            api_key_source_type=apigateway.ApiKeySourceType.AUTHORIZER,  # what a client sends as one is not looked at
            policy=receipts_from(environment),
            # A client without a certificate would come in through the other door.
            disable_execute_api_endpoint=True if environment.domain and environment.domain.truststore else None,
        )
        bare = self.api.node.default_child
        if isinstance(bare, apigateway.CfnRestApi):
            bare.security_policy, bare.endpoint_access_mode = TLS_POLICY, "STRICT"
        self.api.deployment_stage.node.add_dependency(self._log_account())
        self.api.node.try_remove_child("Endpoint")  # an output of its own; ours is ApiUrl
        answer_as_problems(self.api)
        self._expose()

    def _expose(self) -> None:
        environment, stage = self._environment, self.api.deployment_stage
        UsagePlans(self, "Plans", environment=environment, api=self.api, stage=stage)
        if environment.domain:
            OwnName(self, "Domain", domain=environment.domain, api=self.api, stage=stage, tls=TLS_POLICY)
        if environment.firewall:
            Wall(self, "Firewall", environment=environment, firewall=environment.firewall, stage=stage)

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end: paths are appended."""
        if self._environment.domain and self._environment.public_url == AWS_URL:
            return f"https://{self._environment.domain.name}"
        return self._environment.public_url.format(
            api_id=self.api.rest_api_id, region=self._environment.region, suffix=Aws.URL_SUFFIX, stage=STAGE
        )

    def open_to(self, functions: Mapping[str, Function]) -> None:
        """Put the functions behind their routes, and the authorizer before them."""
        authorizer = apigateway.TokenAuthorizer(
            self,
            "Authorizer",
            authorizer_name=self._environment.named("auth"),
            handler=functions["auth"].live,
            identity_source=apigateway.IdentitySource.header("Authorization"),
            validation_regex=KEY_FORM,
            results_cache_ttl=REVOKED_WITHIN,
        )
        for routes, gate in ((ROUTES, authorizer), (OPEN_ROUTES, None)):
            for name, path, methods in routes:
                resource = self.api.root.resource_for_path(path)
                for method in methods.split():
                    resource.add_method(
                        method,
                        self._call(functions[name]),
                        authorizer=gate,
                        api_key_required=gate is not None,  # the one that the authorizer gives, to count by
                        authorization_type=None if gate else apigateway.AuthorizationType.NONE,
                    )

    @staticmethod
    def _call(function: Function) -> apigateway.LambdaIntegration:
        """The gateway waits for as long as the function may run: by itself it would hold a client for 29 seconds."""
        return apigateway.LambdaIntegration(
            function.live, proxy=True, scope_permission_to_method=False, timeout=function.fn.timeout
        )

    def _stage(self, key: kms.IKey) -> apigateway.StageOptions:
        access = log_group(self, "AccessLog", "api", environment=self._environment, key=key, kind="access")
        return apigateway.StageOptions(
            stage_name=STAGE,
            # Execution logs and data traces hold whole requests, numbers and texts included: never.
            logging_level=apigateway.MethodLoggingLevel.OFF,
            data_trace_enabled=False,
            metrics_enabled=True,
            tracing_enabled=False,
            throttling_rate_limit=RATE,
            throttling_burst_limit=BURST,
            access_log_destination=apigateway.LogGroupLogDestination(access),
            access_log_format=apigateway.AccessLogFormat.custom(json.dumps(ACCESS_LOG)),
        )

    def _log_account(self) -> apigateway.CfnAccount:
        """The account's setting under which API Gateway writes logs at all. One for all APIs of account and Region.

        The actions are those that the gateway checks for before it takes the role; they reach this account's log
        groups, since the setting is the account's.
        """
        groups = Stack.of(self).format_arn(
            service="logs", resource="log-group", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        actions = (
            "CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams",
            "FilterLogEvents", "GetLogEvents", "PutLogEvents",
        )  # fmt: skip
        role = iam.Role(
            self,
            "LogRole",
            role_name=self._environment.named("api-logs"),
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            inline_policies={
                "log": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(actions=[f"logs:{action}" for action in actions], resources=[groups])
                    ]
                )
            },
        )
        return apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
