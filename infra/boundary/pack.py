"""The plug-in: reads every final template of an app, and makes the synthesis fail by what it finds."""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import groupby

import aws_cdk as cdk
import jsii

from infra.boundary import template
from infra.boundary.declared import Declared, Suppression
from infra.boundary.rule import Finding, Rule, examine
from infra.boundary.rules import RULES
from infra.boundary.suppressions import apart

NAME, VERSION = "eu-boundary", "1.0.0"

SUPPRESSIONS = "SUPPRESSIONS"
"""Under this id it is said what is wrong with a suppression."""

_FATAL = "fatal"
"""What is fatal cannot be acknowledged by CDK's `Validations.acknowledge`, which asks for no end date. Anything less
is not even counted as a failure once one finding beside it has been acknowledged."""


@jsii.implements(cdk.IPolicyValidationPlugin)
class Boundary:
    """`Validations.of(app).add_plugins(Boundary(declared, today=…))`.

    Not an Aspect: an error that an Aspect adds does not make `app.synth()` raise, and an Aspect does not see what is
    written into a template past the constructs.
    """

    def __init__(
        self,
        declared: Declared | Callable[[str], Declared],
        *,
        today: date,
        rules: Sequence[Rule] = RULES,
    ) -> None:
        """`declared` for all stacks of the app, or by a stack's name, where an app holds several deployments."""
        self._declared, self._today, self._rules = declared, today, tuple(rules)

    @property
    def name(self) -> str:
        """As the report calls it."""
        return NAME

    @property
    def version(self) -> str:
        """Of the pack."""
        return VERSION

    @property
    def rule_ids(self) -> list[str]:
        """Every rule that is looked at."""
        return [rule.id for rule in self._rules]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """What CDK calls when the assembly has been written."""
        stacks = [
            template.read(each.stack_construct_path, each.template_path, region=each.region, account=each.account_id)
            for each in context.stack_templates
        ]
        violations = self.violations(stacks)
        return cdk.PolicyValidationPluginReport(success=not violations, violations=violations, plugin_version=VERSION)

    def violations(self, stacks: Sequence[template.Stack]) -> list[cdk.PolicyViolation]:
        """What breaks a rule, and what is wrong with a suppression."""
        said = [(self._of(stack), stack) for stack in stacks]
        found = []
        for declared in dict.fromkeys(each for each, _ in said):
            findings = [
                finding
                for its, stack in said
                if its is declared
                for resource in stack.resources
                for finding in examine(self._rules, resource, declared)
            ]
            left, wrong = apart(findings, declared.suppressions, self._rules, self._today)
            found += [*_by_rule(left), *(_fault(*each) for each in wrong)]
        return found

    def _of(self, stack: template.Stack) -> Declared:
        return self._declared if isinstance(self._declared, Declared) else self._declared(stack.name)


def _by_rule(findings: Sequence[Finding]) -> list[cdk.PolicyViolation]:
    ordered = sorted(findings, key=lambda finding: (finding.rule.id, finding.what))
    return [
        cdk.PolicyViolation(
            rule_name=rule.id,
            description=f"{rule.title} ({rule.closes}): {what}",
            fix=rule.fix or None,
            severity=_FATAL,
            violating_resources=[_where(each) for each in together],
        )
        for (rule, what), together in groupby(ordered, key=lambda finding: (finding.rule, finding.what))
    ]


def _where(finding: Finding) -> cdk.PolicyViolatingResource:
    resource = finding.resource
    return cdk.PolicyViolatingResource(
        resource_logical_id=resource.logical_id,
        template_path=resource.stack.file,
        construct_path=resource.name,
        locations=[f"Properties/{finding.where}" if finding.where else "Type"],
    )


def _fault(suppression: Suppression, fault: str) -> cdk.PolicyViolation:
    return cdk.PolicyViolation(
        rule_name=SUPPRESSIONS,
        description=f"the suppression of {suppression.rule} at {suppression.resource}: {fault}",
        severity=_FATAL,
        violating_resources=[cdk.PolicyViolatingResource(construct_path=suppression.resource, locations=[])],
    )
