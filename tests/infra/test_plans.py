"""How much of the API anybody may have: plans, the gateway's patience, and what is counted by which key."""

import json

import pytest

from fugace.edge.settings import Settings
from infra.config import BURST, RATE, ConfigError
from infra.duties import DUTIES
from infra.parts.rest_api import OPEN_ROUTES, ROUTES
from tests.infra.test_config import context, read


def functions(stacks):
    """Of each method: the function behind it, by its short name. It is called by its alias."""
    named = {
        logical: each["Properties"]["FunctionName"].rpartition("-")[2]
        for logical, each in stacks.resources("Lambda::Function")
    }
    names = {
        logical: named[each["Properties"]["FunctionName"]["Ref"]] for logical, each in stacks.resources("Lambda::Alias")
    }
    for method in stacks.properties("ApiGateway::Method"):
        words = json.dumps(method["Integration"]["Uri"])
        (found,) = {name for logical, name in names.items() if f'"{logical}"' in words}
        yield found, method


def test_the_gateway_waits_as_long_as_the_function_may_run(example):
    """By itself it holds every client for 29 seconds, also where the function was stopped after 10."""
    found = {name: set() for name, _, _ in (*ROUTES, *OPEN_ROUTES)}
    for name, method in functions(example):
        found[name].add(method["Integration"]["TimeoutInMillis"])

    assert found == {name: {DUTIES[name].seconds * 1000} for name in found}
    assert max(map(max, found.values())) <= 29_000


def test_requests_are_counted_by_what_the_authorizer_says(example):
    """What a client sends as `x-api-key` would be taken for somebody's else: it could spend a neighbour's plan."""
    assert example.one("ApiGateway::RestApi")["ApiKeySourceType"] == "AUTHORIZER"
    for method in example.properties("ApiGateway::Method"):
        assert method["ApiKeyRequired"] is (method["AuthorizationType"] == "CUSTOM")


def test_each_plan_is_deployed_with_its_figures(example):
    """Per key: a second, at once, a day. All of them for the one stage there is."""
    plans = {each["UsagePlanName"]: each for each in example.properties("ApiGateway::UsagePlan")}

    assert {name: (each["Throttle"], each.get("Quota")) for name, each in plans.items()} == {
        "fugace-example_standard": ({"RateLimit": 50, "BurstLimit": 100}, None),
        "fugace-example_large": ({"RateLimit": 200, "BurstLimit": 400}, None),
        "fugace-example_trial": ({"RateLimit": 2, "BurstLimit": 10}, {"Limit": 10_000, "Period": "DAY"}),
    }
    for each in plans.values():
        assert [stage["Stage"]["Ref"].startswith("RestApiDeploymentStage") for stage in each["ApiStages"]] == [True]


def test_no_plan_is_more_than_the_house(example, laptop):
    """A plan above the stage's own roof would promise what nobody gets."""
    for stacks in (example, laptop):
        for each in stacks.properties("ApiGateway::UsagePlan"):
            assert each["Throttle"]["RateLimit"] <= RATE
            assert each["Throttle"]["BurstLimit"] <= BURST


def test_who_was_put_on_no_plan_is_on_the_first(example):
    """A tenant without a key of its own must not be locked out: the gateway refuses what it cannot count."""
    (shared,) = [each for _, each in example.resources("ApiGateway::ApiKey")]
    link = example.one("ApiGateway::UsagePlanKey")
    plans = dict(example.resources("ApiGateway::UsagePlan"))
    told = Settings({"FUGACE_ENVIRONMENT": "example", "PLANS": variables(example)["PLANS"]}).plans

    assert shared["Properties"]["Value"] == shared["Properties"]["Name"] == told.shared
    assert plans[link["UsagePlanId"]["Ref"]]["Properties"]["UsagePlanName"] == f"fugace-example_{told.usual.name}"


def variables(stacks):
    return stacks.function("auth")["Environment"]["Variables"]


def test_the_authorizer_knows_the_plans_that_are_deployed(example):
    """Its figures are in the header of every answer: others than the gateway's would be a lie."""
    told = Settings({"FUGACE_ENVIRONMENT": "example", "PLANS": variables(example)["PLANS"]}).plans

    assert {f"fugace-example_{each.name}": (each.rate, each.burst, each.day) for each in told.plans} == {
        each["UsagePlanName"]: (
            each["Throttle"]["RateLimit"],
            each["Throttle"]["BurstLimit"],
            each.get("Quota", {}).get("Limit"),
        )
        for each in example.properties("ApiGateway::UsagePlan")
    }


@pytest.mark.parametrize(("kind", "window"), [("THROTTLED", '"second";r=0;t=1'), ("QUOTA_EXCEEDED", '"day";r=0')])
def test_a_refusal_for_haste_has_its_headers(example, kind, window):
    """draft-ietf-httpapi-ratelimit-headers: which window is used up, and what the plan is."""
    headers = example.one("ApiGateway::GatewayResponse", ResponseType=kind)["ResponseParameters"]

    assert headers["gatewayresponse.header.RateLimit"] == f"'{window}'"
    assert headers["gatewayresponse.header.RateLimit-Policy"] == "context.authorizer.limits"
    assert int(headers["gatewayresponse.header.Retry-After"].strip("'")) >= 1


def test_every_answer_of_the_gateways_says_which_request_it_was(example):
    """The access log has the same id; no function was woken that could have logged another."""
    for each in example.properties("ApiGateway::GatewayResponse"):
        assert each["ResponseParameters"]["gatewayresponse.header.X-Request-Id"] == "context.requestId"


@pytest.mark.parametrize(
    ("plans", "says"),
    [
        ([], "one plan or more"),
        ([{"name": "a", "rate": 1, "burst": 1}] * 2, "one plan or more"),
        ([{"name": "a", "rate": 0, "burst": 1}], "rate is 1 to"),
        ([{"name": "a", "rate": 501, "burst": 600}], "above what all tenants"),
        ([{"name": "a", "speed": 1}], "speed"),
    ],
)
def test_plans_that_cannot_be_are_not_synthesized(plans, says):
    """A sentence now, or a failed deployment, or a promise that nobody keeps."""
    with pytest.raises(ConfigError, match=says):
        read(context(plans=plans))
