"""Where things are: the Region of a stack, Regions and accounts that are named in it, what nobody has read."""

import re
from collections.abc import Iterator

from infra.boundary.declared import Declared
from infra.boundary.regions import REGION
from infra.boundary.rule import Found, Rule
from infra.boundary.template import WHOLE, Resource, listed, written

_ARN = re.compile(r"arn:(?:[a-z-]+|\$\{[^}]+\}):[a-z0-9-]*:[^:]*:(\d{12})(?!\d)")

_UNREAD = {
    "CloudFormation::Stack": "a nested stack: its template is in another file",
    "CloudFormation::StackSet": "stacks in other Regions or accounts",
    "CloudFormation::Macro": "a template that is not final",
    "CloudFormation::CustomResource": "a custom resource may do anything, anywhere",
}


def stated(resource: Resource, declared: Declared) -> Found:
    """A stack that goes wherever the credentials point has no Region that anybody has looked at."""
    if resource.type != WHOLE:
        return
    region = resource.stack.region
    if region is None:
        yield "Region", "the stack's Region is not stated"
    elif region not in declared.regions:
        yield "Region", f"the stack's Region is {region}"


def outside(resource: Resource, declared: Declared) -> Found:
    """Names of Regions wherever they stand: in an ARN, an address, a list of a mapping, a name."""
    for where, named in _named(resource):
        if named not in declared.regions:
            yield where, f"{named} is named"


def elsewhere(resource: Resource, declared: Declared) -> Found:
    """Inside the list, but not where the stack is: an archive, a bus or a queue of another Region."""
    for where, named in _named(resource):
        if named in declared.regions and named != resource.stack.region:
            yield where, f"{named} is named in a stack of {resource.stack.region}"


def _named(resource: Resource) -> Iterator[tuple[str, str]]:
    for where, text in resource.texts:
        for named in REGION.findall(text):
            yield where, named


def foreign(resource: Resource, declared: Declared) -> Found:
    """Another account may be in another Region, and under another contract."""
    known = {resource.stack.account, *declared.accounts}
    for where, text in resource.texts:
        for account in _ARN.findall(text):
            if account not in known:
                yield where, f"the account {account} is named"
        if "Principal" in where and re.fullmatch(r"\d{12}", text) and text not in known:
            yield where, f"the account {text} is named"


def unread(resource: Resource, declared: Declared) -> Found:
    """What is made by something that is not in the template has to be read by somebody."""
    if resource.type in _UNREAD and resource.type not in declared.custom:
        yield "", _UNREAD[resource.type]
    elif resource.type.startswith("Custom::") and resource.type not in declared.custom:
        yield "", _UNREAD["CloudFormation::CustomResource"]
    if resource.type == WHOLE and listed(resource.properties.get("Transform")):
        yield "Transform", f"a template that is not final: {written(resource.properties['Transform'])}"


RULES = (
    Rule(
        "EU-01",
        "a stack's Region is stated, and on the list",
        "Art. 44: a resource in another Region",
        stated,
        "Give the stack `env=Environment(region=…)`.",
    ),
    Rule("EU-02", "no Region outside the list is named", "Art. 44: a target, copy or export elsewhere", outside),
    Rule("EU-03", "no Region but the stack's own is named", "cross-Region targets, copies and exports", elsewhere),
    Rule("EU-11", "no account is named that is not declared", "Art. 28: targets in another account", foreign),
    Rule(
        "EU-12",
        "nothing is made that the template does not show",
        "nested stacks, macros, custom resources",
        unread,
    ),
)
