"""`fugace plans`, and the plan a tenant is on: what API Gateway counts its requests under."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import typer
from botocore.exceptions import ClientError

from cli import options, output
from cli.faults import CliError, told
from fugace.adapters.session import shared
from fugace.domain.ids import TenantId
from fugace.domain.plans import counted_under, on_no_plan, prefix
from fugace.edge import wiring

app = typer.Typer(help="How many requests tenants may make.", no_args_is_help=True)

COLUMNS = ("name", "a_second", "at_once", "a_day", "usual")
_UNSEEN = timedelta(minutes=15)
"""How old a key has to be before it is taken for one that nobody needs: the API remembers a plan for 45 seconds."""
_PAGE = 500


@app.command("list")
@told
def list_(environment: options.Environment, as_json: options.Json = False) -> None:
    """The plans there are. They are part of the deployment: `plans` in cdk.json."""
    found = deployed(environment)
    usual = usual_of(environment, found)
    output.rows([_shown(name, each, usual) for name, each in found.items()], as_json=as_json, columns=COLUMNS)


@app.command()
@told
def tidy(environment: options.Environment, as_json: options.Json = False) -> None:
    """Remove what nobody is counted under any more: after a change of plan, and of tenants that have left."""
    everyone = wiring.tenants(options.settings(environment)).everyone()
    needed = {counted_under(environment, each.plan, each.id) for each in everyone if each.plan}
    gateway, now = shared().client("apigateway"), wiring.clock()()
    removed = [
        each["name"]
        for each in _keys(prefix(environment))
        if "_ten_" in each["name"] and each["name"] not in needed and _age(each, now) > _UNSEEN
        if gateway.delete_api_key(apiKey=each["id"])
    ]
    output.rows([{"name": name} for name in removed], as_json=as_json, columns=("name",))


def chosen(environment: str, plan: str) -> str | None:
    """The plan of a new tenant: the one that was asked for, or the usual one; None where none is deployed."""
    found = deployed(environment)
    if plan:
        return _there(environment, plan, found)
    return usual_of(environment, found)


def _there(environment: str, plan: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    if plan not in found:
        message = f"The environment {environment} has no plan {plan}; it has {', '.join(found) or 'none'}."
        raise CliError(message)
    return plan


def put_on(environment: str, tenant: TenantId, plan: str) -> None:
    """Have a tenant counted under a plan, by itself, from less than a minute on.

    The new key is there before anybody is told of it, and the old one stays until `tidy`: at no moment is there none.

    Raises:
        CliError: there is no such plan, no such tenant, or no room for another key.
    """
    found = deployed(environment)
    _there(environment, plan, found)
    name, gateway = counted_under(environment, plan, tenant), shared().client("apigateway")
    made = next((each for each in _keys(name) if each["name"] == name), None)
    try:
        made = made or gateway.create_api_key(name=name, value=name, enabled=True, description="Counts; opens nothing")
        gateway.create_usage_plan_key(usagePlanId=found[plan]["id"], keyId=made["id"], keyType="API_KEY")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "LimitExceededException":
            raise CliError("API Gateway has no room for another key: 10,000 a Region, unless it was raised.") from None
        if code != "ConflictException":  # it is on that plan already
            raise
    if not wiring.tenants(options.settings(environment)).put_on(tenant, plan):
        message = f"There is no tenant {tenant} in the environment {environment}."
        raise CliError(message)


def deployed(environment: str) -> dict[str, Mapping[str, Any]]:
    """The environment's usage plans, by the names that cdk.json has for them."""
    begin = prefix(environment)
    pages = shared().client("apigateway").get_paginator("get_usage_plans").paginate()
    plans = [each for page in pages for each in page["items"] if each["name"].startswith(begin)]
    return {each["name"].removeprefix(begin): each for each in plans}


def usual_of(environment: str, found: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The plan of those that were put on none: the one that their common key is on."""
    common, gateway = on_no_plan(environment), shared().client("apigateway")
    for name, plan in found.items():
        keys = gateway.get_usage_plan_keys(usagePlanId=plan["id"], nameQuery=common)["items"]
        if any(each["name"] == common for each in keys):
            return name
    return None


def _keys(begin: str) -> Iterator[Mapping[str, Any]]:
    pages = shared().client("apigateway").get_paginator("get_api_keys").paginate(nameQuery=begin, limit=_PAGE)
    return (each for page in pages for each in page["items"])


def _age(key: Mapping[str, Any], now: datetime) -> timedelta:
    created: datetime = key["createdDate"]
    return now - created


def _shown(name: str, plan: Mapping[str, Any], usual: str | None) -> dict[str, object]:
    throttle, quota = plan.get("throttle", {}), plan.get("quota", {})
    return {
        "name": name,
        "a_second": int(throttle.get("rateLimit", 0)),
        "at_once": throttle.get("burstLimit"),
        "a_day": quota.get("limit"),
        "usual": name == usual,
    }
