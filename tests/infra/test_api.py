"""What clients and carriers reach, and what they are told when they do not."""

import inspect
import json
import re

import pytest

from fugace.domain.errors import FugaceError
from fugace.edge import problem
from infra.parts.rest_api import ACCESS_LOG

KINDS = (
    "UNAUTHORIZED",
    "ACCESS_DENIED",
    "MISSING_AUTHENTICATION_TOKEN",
    "REQUEST_TOO_LARGE",
    "INVALID_API_KEY",
    "WAF_FILTERED",
    "THROTTLED",
    "QUOTA_EXCEEDED",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
)


def test_the_api_is_in_its_region_and_speaks_modern_tls(example):
    """An edge-optimized API is CloudFront's, in every country; by default a regional one takes TLS 1.0."""
    found = example.one("ApiGateway::RestApi")

    assert found["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert found["SecurityPolicy"].startswith("SecurityPolicy_TLS13_1_2")
    assert found["EndpointAccessMode"] == "STRICT"


def test_every_route_of_a_tenant_asks_who_is_there(example):
    """Only carriers, and a person with a link, come without a key: their token is in the path."""
    resources = {name: each["Properties"] for name, each in example.resources("ApiGateway::Resource")}

    def path(reference):
        if "Ref" not in reference:
            return ""
        each = resources[reference["Ref"]]
        return f"{path(each['ParentId'])}/{each['PathPart']}"

    routes = {
        (each["HttpMethod"], path(each["ResourceId"])): each["AuthorizationType"]
        for each in example.properties("ApiGateway::Method")
    }

    assert {route for route, kind in routes.items() if kind == "NONE"} == {
        ("GET", "/dlr/{carrier}/{token}"),
        ("POST", "/dlr/{carrier}/{token}"),
        ("GET", "/v1/archives/{token}"),
    }
    assert len(routes) == 39


def test_an_answer_of_the_authorizer_is_kept_for_less_than_a_minute(example):
    """A revoked key stops within 60 seconds."""
    found = example.one("ApiGateway::Authorizer")

    assert found["Type"] == "TOKEN"
    assert found["IdentitySource"] == "method.request.header.Authorization"
    assert found["AuthorizerResultTtlInSeconds"] == 45


def test_a_real_key_passes_the_gateways_own_check(example):
    """The gateway refuses by form before any function is woken; it must not refuse a key that we made."""
    form = example.one("ApiGateway::Authorizer")["IdentityValidationExpression"]
    key = "fug_live_" + "a" * 16 + "b" * 8 + "C" * 38 + "d" * 6

    assert re.fullmatch(form, f"Bearer {key}")
    assert re.fullmatch(form, f"bearer {key.replace('live', 'test')}")
    assert not re.fullmatch(form, "Bearer fug_prod_" + "a" * 68)
    assert not re.fullmatch(form, key)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gateways_own_answers_are_problems_that_echo_nothing(example, kind):
    """RFC 9457. A `$` in the template would be something of the request, or of our insides."""
    found = example.one("ApiGateway::GatewayResponse", ResponseType=kind)
    (template,) = found["ResponseTemplates"].items()
    body = json.loads(template[1])

    assert template[0] == "application/json"
    assert "$" not in template[1]
    assert body["type"].startswith("/problems/")
    assert found["ResponseParameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
    assert body.get("status") == (int(found["StatusCode"]) if "StatusCode" in found else None)
    assert not [each for each in found["ResponseParameters"].values() if "method.request" in each]


def test_the_gateways_statuses_are_those_of_http(example):
    """A path that is not there is 404, whatever API Gateway calls it; 401 says how to do better (RFC 9110, 11.6.1)."""
    answers = {each["ResponseType"]: each for each in example.properties("ApiGateway::GatewayResponse")}

    assert {kind: each.get("StatusCode") for kind, each in answers.items()} == {
        "UNAUTHORIZED": "401",
        "ACCESS_DENIED": "403",
        "MISSING_AUTHENTICATION_TOKEN": "404",
        "INVALID_API_KEY": "503",
        "WAF_FILTERED": "403",
        "REQUEST_TOO_LARGE": "413",
        "THROTTLED": "429",
        "QUOTA_EXCEEDED": "429",
        "DEFAULT_4XX": None,
        "DEFAULT_5XX": None,
    }
    assert "gatewayresponse.header.WWW-Authenticate" in answers["UNAUTHORIZED"]["ResponseParameters"]


def test_the_gateway_speaks_as_the_functions_do(example):
    """One code, one status, one title, whoever answers: clients match on the code and read the manual by it."""
    known = {each.code: (problem.STATUS[each.code].value, each.title) for each in FugaceError.__subclasses__()}
    answers = [
        (json.loads(template), each["ResponseParameters"])
        for each in example.properties("ApiGateway::GatewayResponse")
        for template in each["ResponseTemplates"].values()
    ]

    for body, headers in answers:
        code = body["type"].removeprefix("/problems/")
        if code != "bug":
            status, title = known[code]
            assert (body.get("status", status), body["title"]) == (status, title)
        assert ("gatewayresponse.header.Retry-After" in headers) is (body.get("status") in {429, 503})


def test_answers_are_part_of_what_is_deployed(example):
    """A deployment is a copy: an answer that it does not wait for is not in it."""
    (deployment,) = [each for _, each in example.resources("ApiGateway::Deployment")]
    answers = {name for name, _ in example.resources("ApiGateway::GatewayResponse", "ApiGateway::Method")}

    assert answers <= set(deployment["DependsOn"])


def test_requests_are_not_logged_only_that_there_was_one(example):
    """Execution logs and data traces hold numbers and texts; addresses and paths say who wrote to whom."""
    stage = example.one("ApiGateway::Stage")
    (settings,) = stage["MethodSettings"]

    assert settings["DataTraceEnabled"] is False
    assert settings["LoggingLevel"] == "OFF"
    assert stage["TracingEnabled"] is False
    assert json.loads(stage["AccessLogSetting"]["Format"]) == ACCESS_LOG


def test_the_access_log_has_what_is_on_the_list(example):
    """By value: no address, no user agent, no path as it came, no query. Who it was: a tenant's id, and its key's."""
    shown = set(json.loads(example.one("ApiGateway::Stage")["AccessLogSetting"]["Format"]).values())

    assert shown <= {
        "$context.requestId",
        "$context.requestTimeEpoch",
        "$context.authorizer.tenant",
        "$context.authorizer.key_id",
        "$context.httpMethod",
        "$context.resourcePath",
        "$context.status",
        "$context.responseLatency",
        "$context.integrationLatency",
        "$context.error.responseType",
        "$context.integration.requestId",
    }


def test_who_had_access_is_what_the_authorizer_says(example):
    """A field of its context that it does not give is logged as a dash, for a year."""
    from functions.auth import authorizer  # noqa: PLC0415  # one use

    asked = re.findall(r"\$context\.authorizer\.(\w+)", example.one("ApiGateway::Stage")["AccessLogSetting"]["Format"])

    assert sorted(asked) == ["key_id", "tenant"]
    for name in asked:
        assert f'"{name}": key.' in inspect.getsource(authorizer)


def test_who_had_access_is_known_for_a_year_where_data_are_kept(example, laptop):
    """Logs of access are kept between six months and a year (the class `access`); those of functions for days."""
    for stacks, days, kept in ((example, 365, "Retain"), (laptop, 7, "Delete")):
        ((_, log),) = [
            each
            for each in stacks.resources("Logs::LogGroup")
            if each[1]["Properties"]["LogGroupName"] == f"/fugace/{stacks.environment}/api"
        ]
        assert log["Properties"]["RetentionInDays"] == days
        assert log["DeletionPolicy"] == kept


def test_the_stage_has_a_roof(example):
    """Without one a single caller takes the account's whole allowance."""
    (settings,) = example.one("ApiGateway::Stage")["MethodSettings"]

    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert 0 < settings["ThrottlingRateLimit"] < 10_000
    assert 0 < settings["ThrottlingBurstLimit"] <= 5_000


def test_the_laptop_is_told_its_own_address(laptop):
    """The emulator's, with the id that it gives; receipts come back there."""
    url = laptop.templates["pipeline"]["Outputs"]["ApiUrl"]["Value"]

    assert url["Fn::Join"][1][0] == "https://127.0.0.1:4566/_aws/execute-api/"
    assert url["Fn::Join"][1][2] == "/live"
    assert laptop.function("dispatch")["Environment"]["Variables"]["PUBLIC_URL"] == url
