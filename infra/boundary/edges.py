"""Services that answer from everywhere, and services whose work is to carry data elsewhere."""

import json

from infra.boundary.declared import Declared
from infra.boundary.rule import Found, Rule
from infra.boundary.template import Resource, at, listed, referred, written

_EDGES = ("CloudFront::", "GlobalAccelerator::", "Amplify::", "NetworkManager::", "Shield::")
_EDGE_PRINCIPALS = ("edgelambda.amazonaws.com", "cloudfront.amazonaws.com")

_REST = ("ApiGateway::RestApi", "ApiGateway::DomainName")

_WORLDWIDE = {
    "Route53::HealthCheck": "checked from all over the world",
    "Route53::TrafficPolicy": "answers by where somebody is",
    "Route53RecoveryControl::Cluster": "five Regions, most of them outside",
    "AppSync::DomainName": "an edge's",
}

_CARRIERS_OFF = {
    "AppFlow::": "copies to other companies' services",
    "DataSync::": "copies to other places",
    "DMS::": "copies databases",
    "MediaConnect::": "carries streams elsewhere",
    "Oam::": "shows logs and metrics to another account",
    "ObservabilityAdmin::": "gathers logs of Regions and accounts",
    "Transfer::": "copies by SFTP",
}
_LOGS = {
    "Logs::Destination": "takes in logs for another account",
    "Logs::DeliveryDestination": "delivers logs",
    "CloudWatch::MetricStream": "streams metrics",
}


def edges(resource: Resource, _: Declared) -> Found:
    """CloudFront and its like, and what runs or listens there."""
    if resource.type.startswith(_EDGES):
        yield "", "answers from everywhere"
    if resource.type.startswith("WAFv2::") and resource.properties.get("Scope") == "CLOUDFRONT":
        yield "Scope", "of CloudFront"
    for where, text in resource.texts:
        if any(each in text for each in _EDGE_PRINCIPALS) and "Principal" in where:
            yield where, f"{text} is let in"


def endpoints(resource: Resource, _: Declared) -> Found:
    """A REST API, or its domain, is edge-optimized where nothing else is said: CloudFront's, in front of it."""
    if resource.type in _REST:
        types = set(map(written, listed(at(resource.properties, "EndpointConfiguration.Types"))))
        if not types or types - {"REGIONAL", "PRIVATE"}:
            yield "EndpointConfiguration", f"the endpoint is {', '.join(sorted(types)) or 'EDGE, by default'}"
        if resource.properties.get("CertificateArn"):
            yield "CertificateArn", "the certificate of an edge-optimized domain"


def worldwide(resource: Resource, _: Declared) -> Found:
    """What works in every Region at once. Names in a zone do too, and name nobody: zones are let be."""
    if resource.type in _WORLDWIDE:
        yield "", _WORLDWIDE[resource.type]
    if resource.type == "Cognito::UserPoolDomain" and "CustomDomainConfig" in resource.properties:
        yield "CustomDomainConfig", "a domain of an edge's"
    if resource.type == "Events::Endpoint":
        yield "", "a bus of two Regions"
    if resource.type == "Route53::RecordSet" and {"GeoLocation", "Region"} & set(resource.properties):
        yield "", "one name, several Regions"


def exports(resource: Resource, _: Declared) -> Found:
    """Logs and metrics that are shown elsewhere; services that copy."""
    for prefix, what in _CARRIERS_OFF.items():
        if resource.type.startswith(prefix):
            yield "", what
    if resource.type in _LOGS:
        yield "", _LOGS[resource.type]
    if resource.type == "Logs::SubscriptionFilter":
        target = resource.properties.get("DestinationArn")
        if not referred(target) & set(resource.stack.template.get("Resources", {})):
            yield "DestinationArn", "lines go to something that is not in this stack"
    if resource.type == "Logs::AccountPolicy" and resource.properties.get("PolicyType") == "SUBSCRIPTION_FILTER_POLICY":
        yield "PolicyType", "every line of the account goes elsewhere"


def models(resource: Resource, _: Declared) -> Found:
    """A cross-Region inference profile answers from whichever Region has room."""
    if resource.type == "Bedrock::ApplicationInferenceProfile":
        yield "", "an inference profile"
    for where, text in resource.texts:
        if "inference-profile/" in text:
            yield where, "an inference profile is named"


def http_tasks(resource: Resource, _: Declared) -> Found:
    """A state machine that calls a URL itself; and one whose definition is not in the template."""
    if resource.type != "StepFunctions::StateMachine":
        return
    definition = {key: resource.properties.get(key) for key in ("Definition", "DefinitionString")}
    if not any(definition.values()):
        yield "DefinitionS3Location", "the definition is in another file"
    if ":http:invoke" in json.dumps(definition):
        yield "DefinitionString", "an HTTP task"


RULES = (
    Rule("EU-13", "nothing answers from an edge", "CloudFront, Lambda@Edge, Global Accelerator", edges),
    Rule(
        "EU-14",
        "an API's endpoint is its Region's",
        "edge-optimized endpoints",
        endpoints,
        "Say `endpoint_configuration` with `EndpointType.REGIONAL`.",
    ),
    Rule(
        "EU-15",
        "nothing works in several Regions at once",
        "global endpoints, routing by place",
        worldwide,
    ),
    Rule("EU-16", "no log, metric or file is handed elsewhere", "log export, cross-account observability", exports),
    Rule("EU-17", "no model answers from another Region", "Bedrock's cross-Region profiles", models),
    Rule("EU-18", "no state machine calls a URL", "Step Functions HTTP tasks", http_tasks),
)
