"""What is written down along the way: no bodies, no keys of rows, nobody's address (Art. 5(1)(c))."""

import re

from infra.boundary.declared import Declared
from infra.boundary.rule import Found, Rule
from infra.boundary.template import Resource, at, listed, on, written

_MINIMAL = "Art. 5(1)(c): data minimisation"

_STAGES = ("ApiGateway::Stage", "ApiGateway::Deployment", "ApiGatewayV2::Stage")
_WHO = re.compile(r"\$context\.(?:path|identity\.\w+|authorizer\.claims|customDomain)\b")
"""What a gateway can write of a caller: the path as it was asked for, the address, the browser, claims of a token."""

_TRACED = {
    "ApiGateway::Stage": "TracingEnabled",
    "Lambda::Function": "TracingConfig.Mode",
    "StepFunctions::StateMachine": "TracingConfiguration.Enabled",
}


def gateways(resource: Resource, _: Declared) -> Found:
    """Execution logs and data traces hold whole requests; an access log holds what its format names."""
    if resource.type not in _STAGES:
        return
    stage = at(resource.properties, "StageDescription") or resource.properties
    defaults = [each for each in [stage.get("DefaultRouteSettings"), stage] if each]
    for setting in (*listed(stage.get("MethodSettings")), *defaults):
        if on(setting.get("DataTraceEnabled")):
            yield "MethodSettings", "a data trace"
        if setting.get("LoggingLevel") not in (None, "OFF"):
            yield "MethodSettings", "execution logs"
    for who in _WHO.findall(written(at(stage, "AccessLogSetting.Format") or "")):
        yield "AccessLogSetting/Format", f"{who} is logged"


def machines(resource: Resource, _: Declared) -> Found:
    """A state machine's log is a second copy of its history, with a life of its own."""
    level = at(resource.properties, "LoggingConfiguration.Level")
    data = at(resource.properties, "LoggingConfiguration.IncludeExecutionData")
    if resource.type == "StepFunctions::StateMachine" and level not in (None, "OFF") and data:
        yield "LoggingConfiguration", "inputs and outputs are logged"


def counters(resource: Resource, _: Declared) -> Found:
    """Contributor Insights shows keys of rows in plain text, whatever the table is encrypted with."""
    said = resource.properties.get("ContributorInsightsSpecification")
    inner = [said, *(each.get("ContributorInsightsSpecification") for each in _indexes(resource))]
    if any(isinstance(each, dict) and on(each.get("Enabled")) for each in inner):
        yield "ContributorInsightsSpecification", "keys of rows are shown"
    if resource.type == "CloudWatch::InsightRule":
        yield "", "keys of lines are counted and shown"


def _indexes(resource: Resource) -> list[dict[str, object]]:
    found = resource.properties
    return [*listed(found.get("GlobalSecondaryIndexes")), *listed(found.get("Replicas"))]


def requests(resource: Resource, _: Declared) -> Found:
    """Logs of whole requests: a firewall's, a model's, a trail's of data events, a bucket's of accesses."""
    if resource.type == "WAFv2::LoggingConfiguration" and not resource.properties.get("RedactedFields"):
        yield "RedactedFields", "addresses, paths and headers are logged"
    if resource.type == "Bedrock::ModelInvocationLoggingConfiguration":
        yield "", "prompts and answers are logged"
    if resource.type == "CloudTrail::Trail" and (
        resource.properties.get("EventSelectors") or resource.properties.get("AdvancedEventSelectors")
    ):
        yield "EventSelectors", "keys of rows and names of objects are logged"
    if at(resource.properties, "LogConfig.FieldLogLevel") == "ALL":
        yield "LogConfig", "whole requests are logged"


def traces(resource: Resource, _: Declared) -> Found:
    """A trace keeps what was asked, of whom, for 30 days; nobody can delete one."""
    path = _TRACED.get(resource.type, "")
    value = at(resource.properties, path)
    if on(value) and value != "PassThrough":
        yield path.replace(".", "/"), "runs are traced"


RULES = (
    Rule("GDPR-14", "a gateway writes down neither bodies nor callers", _MINIMAL, gateways),
    Rule("GDPR-15", "a state machine's inputs are not logged", _MINIMAL, machines),
    Rule("GDPR-16", "no keys of rows are counted", _MINIMAL, counters, "Leave Contributor Insights off."),
    Rule("GDPR-17", "whole requests are logged nowhere", _MINIMAL, requests),
    Rule("GDPR-18", "runs are not traced by X-Ray", _MINIMAL, traces),
)
