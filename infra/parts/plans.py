"""How many requests each tenant may make: usage plans, and what API Gateway counts under them."""

from collections.abc import Sequence

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from fugace.domain.plans import Plan, Plans, usage_plan
from infra.config import Environment


class UsagePlans(Construct):
    """One usage plan for each of the environment's, and a key of the first for tenants that were put on none.

    Such a key opens nothing: the gateway takes it from the authorizer alone (`ApiKeySourceType: AUTHORIZER`), after
    that has let somebody in, and only counts by it. The operator's command line makes one for each tenant.
    """

    def __init__(
        self, scope: Construct, name: str, *, environment: Environment, api: apigateway.RestApi, stage: apigateway.Stage
    ) -> None:
        super().__init__(scope, name)
        self._plans = Plans(environment.name, environment.plans)
        made = {plan.name: self._plan(plan, environment, api, stage) for plan in self._plans.plans}
        shared = apigateway.CfnApiKey(
            self,
            "Shared",
            name=self._plans.shared,
            value=self._plans.shared,
            description="Counts, together, the requests of tenants that were put on no plan",
            enabled=True,
        )
        apigateway.CfnUsagePlanKey(
            self, "SharedOn", key_id=shared.ref, key_type="API_KEY", usage_plan_id=made[self._plans.usual.name].ref
        )

    def _plan(
        self, plan: Plan, environment: Environment, api: apigateway.RestApi, stage: apigateway.Stage
    ) -> apigateway.CfnUsagePlan:
        daily = apigateway.CfnUsagePlan.QuotaSettingsProperty(limit=plan.day, period="DAY") if plan.day else None
        return apigateway.CfnUsagePlan(
            self,
            plan.name,
            usage_plan_name=usage_plan(environment.name, plan.name),
            description=f"Fugace {environment.name}: {plan.name}",
            api_stages=[apigateway.CfnUsagePlan.ApiStageProperty(api_id=api.rest_api_id, stage=stage.stage_name)],
            throttle=apigateway.CfnUsagePlan.ThrottleSettingsProperty(rate_limit=plan.rate, burst_limit=plan.burst),
            quota=daily,
        )


def described(plans: Sequence[Plan]) -> list[dict[str, str | int | None]]:
    """The plans as the authorizer is told them: the headers of every answer have their figures."""
    return [{"name": plan.name, "rate": plan.rate, "burst": plan.burst, "day": plan.day} for plan in plans]
