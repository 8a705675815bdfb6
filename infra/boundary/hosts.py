"""Whom a deployment may call: hosts that were declared, and AWS in the stack's own Region."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from infra.boundary.declared import Declared
from infra.boundary.regions import REGION
from infra.boundary.rule import Found, Rule
from infra.boundary.template import Resource, at, texts

_URL = re.compile(r"https?://[^\s\"'\\,;<>]+")
_AWS = (".amazonaws.com", ".amazonaws.eu", ".api.aws")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
"""A function that calls these speaks with itself."""


def told(resource: Resource) -> Iterator[tuple[str, str]]:
    """Every URL in a function's environment: what is not told there would have to be in its code."""
    for where, text in texts(at(resource.properties, "Environment.Variables"), "Environment/Variables"):
        for url in _URL.findall(text):
            yield where, url


def functions(resource: Resource, declared: Declared) -> Found:
    """Carriers, webhooks, whoever else a function is told to call."""
    if resource.type == "Lambda::Function":
        for where, url in (declared.told or told)(resource):
            if not _known(url, resource, declared):
                yield where, f"{_host(url)} is not declared"


def destinations(resource: Resource, declared: Declared) -> Found:
    """What AWS itself would call: API destinations of EventBridge, subscriptions of a topic."""
    if resource.type == "Events::ApiDestination":
        url = str(resource.properties.get("InvocationEndpoint", ""))
        if not _known(url, resource, declared):
            yield "InvocationEndpoint", f"{_host(url) or 'a host that is not stated'} is not declared"
    if resource.type == "SNS::Subscription":
        protocol, endpoint = (str(resource.properties.get(each, "")) for each in ("Protocol", "Endpoint"))
        if protocol in {"http", "https"} and not _known(endpoint, resource, declared):
            yield "Endpoint", f"{_host(endpoint) or 'a host that is not stated'} is not declared"
        if protocol in {"email", "email-json", "sms"} and endpoint not in declared.hosts:
            yield "Endpoint", f"whoever reads {protocol} there is not declared"


def _known(url: str, resource: Resource, declared: Declared) -> bool:
    host = _host(url)
    aws = host.endswith(_AWS) and set(REGION.findall(host)) <= {resource.stack.region}
    return host in declared.hosts or host in _LOOPBACK or aws


def _host(url: str) -> str:
    """Of `https://${Api}.execute-api.eu-west-3.${AWS::URLSuffix}/live`, too, which no parser takes."""
    plain = urlsplit(url.replace("${", "").replace("}", "").replace("AWS::URLSuffix", "amazonaws.com"))
    return (plain.hostname or "").lower()


RULES = (
    Rule(
        "EU-19",
        "functions call declared hosts alone",
        "Art. 28, 44: carriers, webhooks and their places",
        functions,
        "Declare the host, after somebody has looked where it is.",
    ),
    Rule("EU-20", "events and alarms go to declared hosts alone", "API destinations, subscriptions", destinations),
)
