"""AWS WAF before the API, where an environment asks for it.

It samples nothing and logs nothing: both would keep requests, addresses and paths included, outside of the map.
"""

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.config import Environment
from infra.exposure import Firewall

RECEIPTS = "/dlr/"
LONGEST_PATH = 1_024
"""Bytes: six times the longest path there is."""

# What a lawful request of ours looks like to AWS's rules: texts with angle brackets, webhooks' addresses, batches of
# more than 8 KB, cursors of more than 2 KB, clients without a name. Counted, never refused.
LAWFUL = (
    "SizeRestrictions_BODY",
    "SizeRestrictions_QUERYSTRING",
    "CrossSiteScripting_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "EC2MetaDataSSRF_BODY",
    "NoUserAgent_HEADER",
)


class Wall(Construct):
    """The rules, and the stage behind them."""

    def __init__(
        self, scope: Construct, name: str, *, environment: Environment, firewall: Firewall, stage: apigateway.Stage
    ) -> None:
        super().__init__(scope, name)
        self._counts = firewall.mode == "count"
        self._name = environment.named()
        acl = waf.CfnWebACL(
            self,
            "Acl",
            name=self._name,
            description=f"Fugace {environment.name}: before the API",
            scope="REGIONAL",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=self._seen("all"),
            rules=[self._rate(firewall.rate), self._paths(), self._common()],
        )
        waf.CfnWebACLAssociation(self, "Before", resource_arn=stage.stage_arn, web_acl_arn=acl.attr_arn)

    def _rate(self, rate: int) -> waf.CfnWebACL.RuleProperty:
        """So many requests from one address. A carrier reports on everybody's messages from few of them."""
        limited = waf.CfnWebACL.RateBasedStatementProperty(
            limit=rate, evaluation_window_sec=300, aggregate_key_type="IP", scope_down_statement=_no_receipt()
        )
        return self._rule("rate", 0, waf.CfnWebACL.StatementProperty(rate_based_statement=limited))

    def _paths(self) -> waf.CfnWebACL.RuleProperty:
        """Bodies are bounded by the functions: WAF sees the first 16 KB of one, and ours may have 256."""
        long = waf.CfnWebACL.SizeConstraintStatementProperty(
            field_to_match=waf.CfnWebACL.FieldToMatchProperty(uri_path={}),
            comparison_operator="GT",
            size=LONGEST_PATH,
            text_transformations=_AS_IT_IS,
        )
        return self._rule("paths", 1, waf.CfnWebACL.StatementProperty(size_constraint_statement=long))

    def _common(self) -> waf.CfnWebACL.RuleProperty:
        """AWS's common rules, carriers' receipts apart: one that is refused is lost."""
        group = waf.CfnWebACL.ManagedRuleGroupStatementProperty(
            vendor_name="AWS",
            name="AWSManagedRulesCommonRuleSet",
            scope_down_statement=_no_receipt(),
            rule_action_overrides=[
                waf.CfnWebACL.RuleActionOverrideProperty(
                    name=each, action_to_use=waf.CfnWebACL.RuleActionProperty(count={})
                )
                for each in LAWFUL
            ],
        )
        return waf.CfnWebACL.RuleProperty(
            name="common",
            priority=2,
            statement=waf.CfnWebACL.StatementProperty(managed_rule_group_statement=group),
            override_action=waf.CfnWebACL.OverrideActionProperty(**{"count" if self._counts else "none": {}}),
            visibility_config=self._seen("common"),
        )

    def _rule(self, name: str, priority: int, statement: waf.CfnWebACL.StatementProperty) -> waf.CfnWebACL.RuleProperty:
        return waf.CfnWebACL.RuleProperty(
            name=name,
            priority=priority,
            statement=statement,
            action=waf.CfnWebACL.RuleActionProperty(**{"count" if self._counts else "block": {}}),
            visibility_config=self._seen(name),
        )

    def _seen(self, name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
        return waf.CfnWebACL.VisibilityConfigProperty(
            cloud_watch_metrics_enabled=True, metric_name=f"{self._name}-{name}", sampled_requests_enabled=False
        )


_AS_IT_IS = [waf.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")]


def _no_receipt() -> waf.CfnWebACL.StatementProperty:
    receipt = waf.CfnWebACL.ByteMatchStatementProperty(
        field_to_match=waf.CfnWebACL.FieldToMatchProperty(uri_path={}),
        positional_constraint="CONTAINS",
        search_string=RECEIPTS,
        text_transformations=_AS_IT_IS,
    )
    negated = waf.CfnWebACL.NotStatementProperty(
        statement=waf.CfnWebACL.StatementProperty(byte_match_statement=receipt)
    )
    return waf.CfnWebACL.StatementProperty(not_statement=negated)
