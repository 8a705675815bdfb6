"""How an operator says how many requests a tenant may make."""

from datetime import timedelta
from typing import Any

import pytest

from cli import plans
from fugace.adapters.session import shared
from fugace.domain.ids import TenantId
from fugace.domain.plans import counted_under, on_no_plan, prefix, usage_plan
from tests.cli.conftest import Terminal


@pytest.fixture
def gateway(fugace: Terminal) -> Any:
    """API Gateway, with the plans that a deployment makes."""
    client, common, made = shared().client("apigateway"), on_no_plan(fugace.environment), {}
    for name, rate in (("standard", 50.0), ("trial", 1.0)):
        throttle = {"rateLimit": rate, "burstLimit": 100}
        made[name] = client.create_usage_plan(name=usage_plan(fugace.environment, name), throttle=throttle)["id"]
    key = client.create_api_key(name=common, value=common, enabled=True)["id"]
    client.create_usage_plan_key(usagePlanId=made["standard"], keyId=key, keyType="API_KEY")
    return client


def counted(fugace: Terminal, gateway: Any) -> dict[str, list[str]]:
    """The keys on each of the environment's plans."""
    return {
        name: sorted(key["name"] for key in gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"])
        for name, plan in plans.deployed(fugace.environment).items()
    }


def named(fugace: Terminal, plan: str, tenant: str) -> str:
    return counted_under(fugace.environment, plan, TenantId(tenant))


@pytest.mark.usefixtures("gateway")
def test_the_plans_are_those_of_the_deployment(fugace: Terminal) -> None:
    """And which of them is for whoever was put on none."""
    assert [(each["name"], each["a_second"], each["usual"]) for each in fugace.json("plans", "list")] == [
        ("standard", 50, True),
        ("trial", 1, False),
    ]


@pytest.mark.parametrize(("words", "plan"), [((), "standard"), (("--plan", "trial"), "trial")])
def test_a_new_tenant_is_counted_by_itself(fugace: Terminal, gateway: Any, words: tuple[str, ...], plan: str) -> None:
    """Also where no plan is named: otherwise all of those would share one count."""
    made = fugace.json("tenants", "create", "Bakery", *words)["tenant"]

    assert made["plan"] == plan
    assert fugace.json("tenants", "show", made["id"])["plan"] == plan
    assert named(fugace, plan, made["id"]) in counted(fugace, gateway)[plan]


@pytest.mark.usefixtures("gateway")
def test_a_plan_that_is_not_there_makes_no_tenant(fugace: Terminal) -> None:
    """A tenant that was half made would have to be found and mended."""
    said = fugace.refused("tenants", "create", "Bakery", "--plan", "gold")

    assert "has no plan gold; it has standard, trial" in said
    assert fugace.json("tenants", "list") == []


def test_the_new_key_is_there_before_the_old_one_goes(fugace: Terminal, gateway: Any) -> None:
    """The API remembers for 45 seconds under which key it counts: without it the tenant would be refused meanwhile."""
    made = fugace.json("tenants", "create", "Bakery")["tenant"]["id"]

    fugace.json("tenants", "plan", made, "trial")
    fugace.json("tenants", "plan", made, "trial")  # a second time changes nothing

    assert named(fugace, "standard", made) in counted(fugace, gateway)["standard"]
    assert counted(fugace, gateway)["trial"] == [named(fugace, "trial", made)]
    assert fugace.json("plans", "tidy") == []


def test_what_nobody_is_counted_under_is_removed_in_time(
    fugace: Terminal, gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys are 10,000 a Region: one that was left behind takes a tenant's place. What is used stays."""
    moved = fugace.json("tenants", "create", "Moved")["tenant"]["id"]
    fugace.json("tenants", "plan", moved, "trial")
    gone = fugace.json("tenants", "create", "Gone")["tenant"]["id"]
    row = {"tenant": {"S": gone}, "item": {"S": "tenant"}}
    shared().client("dynamodb").delete_item(TableName=f"fugace-{fugace.environment}-tenants", Key=row)
    monkeypatch.setattr(plans, "_UNSEEN", timedelta(seconds=-5))

    removed = {each["name"] for each in fugace.json("plans", "tidy")}

    assert removed == {named(fugace, "standard", moved), named(fugace, "standard", gone)}
    left = {each["name"] for each in gateway.get_api_keys(nameQuery=prefix(fugace.environment))["items"]}
    assert left == {on_no_plan(fugace.environment), named(fugace, "trial", moved)}
