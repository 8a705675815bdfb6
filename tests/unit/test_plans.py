"""How much of the API a tenant may have: what a plan can be, and how it is told."""

import pytest

from fugace.domain.plans import Plan, PlanError, Plans, counted_under, on_no_plan, prefix, usage_plan
from tests.fakes import BAKERY, SHOP


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"name": "Gold"}, "small letters"),
        ({"rate": 0}, "rate is 1 to"),
        ({"rate": 10_001, "burst": 10_001}, "rate is 1 to"),
        ({"burst": 9}, "burst is its rate or more"),
        ({"burst": 5_001}, "burst is its rate or more"),
        ({"day": 0}, "day is 1 to"),
    ],
)
def test_what_could_not_be_a_plan_is_refused(plan: dict[str, object], says: str) -> None:
    """API Gateway would refuse it in the middle of a deployment, or let nobody in afterwards."""
    with pytest.raises(PlanError, match=says):
        Plan(**{"name": "standard", "rate": 10, "burst": 20, **plan})  # type: ignore[arg-type]


def test_a_plan_is_told_as_the_draft_has_it() -> None:
    """draft-ietf-httpapi-ratelimit-headers, section 3: names are strings, figures are integers, windows are seconds."""
    assert Plan("a", 50, 100).limits == '"second";q=50;w=1'
    assert Plan("a", 2, 10, day=10_000).limits == '"second";q=2;w=1, "day";q=10000;w=86400'


@pytest.mark.parametrize("plans", [(), (Plan("a", 1, 1), Plan("a", 2, 2))])
def test_there_is_a_plan_and_no_two_of_one_name(plans: tuple[Plan, ...]) -> None:
    """Somebody who was put on none has to be on one; and nobody on two."""
    with pytest.raises(PlanError):
        Plans("example", plans)


def test_tenants_and_plans_are_counted_apart() -> None:
    """By tenant, or one would use up what is another's; by plan, or a change would need a moment without any."""
    names = {counted_under("example", plan, tenant) for tenant in (SHOP, BAKERY) for plan in ("trial", "large")}

    assert len(names | {on_no_plan("example")}) == 5


def test_no_environment_takes_anothers_keys_for_its_own() -> None:
    """`fugace plans tidy` removes by what a name begins with."""
    assert not counted_under("prod-eu", "large", SHOP).startswith(prefix("prod"))
    assert not usage_plan("prod-eu", "large").startswith(prefix("prod"))


def test_a_name_is_long_enough_and_short_enough_for_the_gateway() -> None:
    """20 to 128 characters (API Gateway Developer Guide, "API Gateway API key file format")."""
    assert len(on_no_plan("e")) >= 20
    assert len(counted_under("e" * 50, "a" * 31, SHOP)) <= 128
