"""What the deployed REST API says of itself, in the words of a template."""

from typing import Any

from tests.journeys.readers import Found, reads, tags
from tests.journeys.template import Client, Resource


@reads("AWS::ApiGateway::RestApi")
def api(client: Client, of: Resource) -> Found:
    found = client("apigateway").get_rest_api(restApiId=of.physical)
    return {**found, "ApiKeySourceType": found.get("apiKeySource"), "Tags": tags(found.get("tags", {}))}


@reads("AWS::ApiGateway::Account")
def account(client: Client, _of: Resource) -> Found:
    return {"CloudWatchRoleArn": client("apigateway").get_account().get("cloudwatchRoleArn")}


@reads("AWS::ApiGateway::Resource")
def resource(client: Client, of: Resource) -> Found:
    found = client("apigateway").get_resource(restApiId=of.properties["RestApiId"], resourceId=of.physical)
    return {**found, "RestApiId": of.properties["RestApiId"]}


@reads("AWS::ApiGateway::Method")
def method(client: Client, of: Resource) -> Found:
    asked = of.properties
    where = {"restApiId": asked["RestApiId"], "resourceId": asked["ResourceId"], "httpMethod": asked["HttpMethod"]}
    found = client("apigateway").get_method(**where)
    integration = found.get("methodIntegration", {})
    renamed = {**integration, "IntegrationHttpMethod": integration.get("httpMethod")}
    return {**found, **where, "Integration": renamed}


@reads("AWS::ApiGateway::Authorizer")
def authorizer(client: Client, of: Resource) -> Found:
    found = client("apigateway").get_authorizer(restApiId=of.properties["RestApiId"], authorizerId=of.physical)
    return {**found, "RestApiId": of.properties["RestApiId"]}


@reads("AWS::ApiGateway::GatewayResponse")
def gateway_response(client: Client, of: Resource) -> Found:
    where = {"restApiId": of.properties["RestApiId"], "responseType": of.properties["ResponseType"]}
    return {**client("apigateway").get_gateway_response(**where), "RestApiId": where["restApiId"]}


@reads("AWS::ApiGateway::Deployment")
def deployment(client: Client, of: Resource) -> Found:
    found = client("apigateway").get_deployment(restApiId=of.properties["RestApiId"], deploymentId=of.physical)
    return {**found, "RestApiId": of.properties["RestApiId"]}


@reads("AWS::ApiGateway::Stage")
def stage(client: Client, of: Resource) -> Found:
    found = client("apigateway").get_stage(restApiId=of.properties["RestApiId"], stageName=of.physical)
    settings = [_setting(path, each) for path, each in found.get("methodSettings", {}).items()]
    return {
        **found,
        "RestApiId": of.properties["RestApiId"],
        "AccessLogSetting": found.get("accessLogSettings"),
        "MethodSettings": settings,
        "Tags": tags(found.get("tags", {})),
    }


@reads("AWS::ApiGateway::UsagePlan")
def usage_plan(client: Client, of: Resource) -> Found:
    found = client("apigateway").get_usage_plan(usagePlanId=of.physical)
    return {**found, "UsagePlanName": found["name"], "Tags": tags(found.get("tags", {}))}


@reads("AWS::ApiGateway::ApiKey")
def api_key(client: Client, of: Resource) -> Found:
    found = client("apigateway").get_api_key(apiKey=of.physical, includeValue=True)
    return {**found, "Tags": tags(found.get("tags", {}))}


@reads("AWS::ApiGateway::UsagePlanKey")
def usage_plan_key(client: Client, of: Resource) -> Found:
    where = {"usagePlanId": of.properties["UsagePlanId"], "keyId": of.properties["KeyId"]}
    found = client("apigateway").get_usage_plan_key(**where)
    return {"UsagePlanId": where["usagePlanId"], "KeyId": found["id"], "KeyType": found["type"]}


def _setting(path: str, found: dict[str, Any]) -> Found:
    """`*/*` is how the service writes every method of every path."""
    resource_path, _, verb = path.rpartition("/")
    return {**found, "ResourcePath": "/*" if resource_path == "*" else resource_path, "HttpMethod": verb}
