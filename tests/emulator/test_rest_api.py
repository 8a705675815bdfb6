"""Usage plans whose keys an authorizer gives, as API Gateway counts by them; and what it answers for a dead function.

FUGACE_UNREPAIRED="name name" in the environment starts the emulator without some repairs: the tests of those must fail.
"""

from typing import Any

import pytest
import urllib3

from local.place import REGION
from tests.emulator.cloud import Aws, wait_for

# The tenant is the token; `stranger` is let in under a key that nobody made.
AUTHORIZER = """
def handle(event, context):
    token = event["authorizationToken"]
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    return {
        "principalId": token,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "usageIdentifierKey": f"counted-under-{token}-key",
        "context": {"limits": '"second";q=1;w=1'},
    }
"""


def on(logical: str, name: str) -> dict[str, Any]:
    """A key of a plan of two requests."""
    key = {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Name": name, "Value": name, "Enabled": True}}
    ids = {"KeyId": {"Ref": logical}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}}
    return {logical: key, f"{logical}On": {"Type": "AWS::ApiGateway::UsagePlanKey", "Properties": ids}}


def uri_of(arn: str) -> str:
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


@pytest.fixture(scope="module")
def ask(aws: Aws) -> Any:
    """Ask an API with these settings: a status, and the headers of the answer."""
    uri = uri_of(aws.function("usage-auth", AUTHORIZER))
    api = {"RestApiId": {"Ref": "Api"}}
    method = {"HttpMethod": "GET", "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, **api}
    method |= {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": "Door"}, "ApiKeyRequired": True}
    method["Integration"] = {
        "Type": "MOCK",
        "RequestTemplates": {"application/json": '{"statusCode": 200}'},
        "IntegrationResponses": [{"StatusCode": "200"}],
    }
    door = {"Name": "door", "Type": "TOKEN", "AuthorizerUri": uri, "AuthorizerResultTtlInSeconds": 45, **api}
    refusal = {"ResponseType": "THROTTLED", "StatusCode": "429", **api}
    refusal["ResponseParameters"] = {"gatewayresponse.header.Limits": "context.authorizer.limits"}
    plan = {"UsagePlanName": "two", "ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stage"}}]}
    plan["Throttle"] = {"RateLimit": 0.001, "BurstLimit": 2}
    named = {
        "Api": ("RestApi", {"Name": "usage", "ApiKeySourceType": "AUTHORIZER"}),
        "Door": ("Authorizer", {**door, "IdentitySource": "method.request.header.Authorization"}),
        "Get": ("Method", {**method, "MethodResponses": [{"StatusCode": "200"}]}),
        "Refusal": ("GatewayResponse", refusal),
        "Deployed": ("Deployment", api),
        "Stage": ("Stage", {"StageName": "live", "DeploymentId": {"Ref": "Deployed"}, **api}),
        "Plan": ("UsagePlan", plan),
    }
    resources = {name: {"Type": f"AWS::ApiGateway::{kind}", "Properties": it} for name, (kind, it) in named.items()}
    resources["Deployed"]["DependsOn"] = ["Get", "Refusal"]
    resources |= on("A", "counted-under-bakery-key") | on("B", "counted-under-shop-key")
    made = aws.deploy("usage", resources)
    pool = urllib3.PoolManager(ca_certs=str(aws.place.ca), retries=False, timeout=30.0)
    url = f"{aws.place.endpoint}/_aws/execute-api/{made['Api']}/live/"

    def asked(token: str, **headers: str) -> tuple[int, Any]:
        sent = {"Authorization": token, **{name.replace("_", "-"): value for name, value in headers.items()}}
        answer = pool.request("GET", url, headers=sent)
        return answer.status, answer.headers

    wait_for(lambda: asked("stranger")[0] in {200, 403})
    return asked


def test_each_is_counted_under_the_key_that_the_authorizer_gives(ask: Any) -> None:
    """Two requests each; the third is one too many for the bakery, and the shop's first is not."""
    assert [ask("bakery")[0] for _ in range(3)] == [200, 200, 429]
    assert ask("shop")[0] == 200


def test_a_key_that_a_client_sends_is_not_looked_at(ask: Any) -> None:
    """Who is let in under no key that exists gets none by sending somebody's."""
    assert ask("stranger", x_api_key="counted-under-shop-key")[0] == 403


def test_a_gateway_response_has_the_authorizers_words(ask: Any) -> None:
    """The plan is told where no function is woken; without an authorizer's word the header is not there."""
    answers = [ask("shop") for _ in range(4)]

    assert answers[-1][0] == 429
    assert answers[-1][1]["Limits"] == '"second";q=1;w=1'


def test_what_a_function_died_of_is_not_told(aws: Aws) -> None:
    """The runtime's answer has the exception and its lines; the gateway's own is constant, and says 502."""
    gateway = aws("apigateway")
    api = gateway.create_rest_api(name="dies")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    where = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType="NONE")
    uri = uri_of(aws.function("dies", "def handle(event, context):\n    raise ValueError('+33639980001')\n"))
    gateway.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    template = {"application/json": '{"type": "/problems/bug"}'}
    gateway.put_gateway_response(restApiId=api, responseType="DEFAULT_5XX", responseTemplates=template)
    gateway.create_deployment(restApiId=api, stageName="live")

    pool = urllib3.PoolManager(ca_certs=str(aws.place.ca), retries=False, timeout=30.0)
    answer = pool.request("GET", f"{aws.place.endpoint}/_aws/execute-api/{api}/live/")

    assert (answer.status, answer.json()) == (502, {"type": "/problems/bug"})
