"""What is an option before the API: a name of its own, client certificates, a firewall, carriers' addresses."""

import fnmatch
import ipaddress
import json

import pytest

from infra.config import ConfigError
from infra.exposure import Domain
from infra.parts.firewall import LAWFUL
from infra.parts.rest_api import TLS_POLICY
from tests.infra.test_config import CARRIER, context, read

ARN = "arn:aws:acm:eu-west-3:111122223333:certificate/3f2504e0-4f89-41d3-9a0c-0305e82c3301"
DOMAIN = {"name": "sms.example.com", "certificate_arn": ARN}


def test_nothing_of_it_is_there_unless_it_was_asked_for(example):
    """Each costs something, or shuts somebody out."""
    assert not example.resources("WAFv2::WebACL", "ApiGateway::DomainName")
    assert "Policy" not in example.one("ApiGateway::RestApi")
    assert not example.one("ApiGateway::RestApi").get("DisableExecuteApiEndpoint")


# A name of its own.


def test_its_name_takes_certificates_and_nobody_comes_in_beside_it(guarded):
    """Through the address that AWS gives, a client without a certificate would come in."""
    found = guarded.one("ApiGateway::DomainName")

    assert found["DomainName"] == "sms.example.com"
    assert found["MutualTlsAuthentication"] == {
        "TruststoreUri": "s3://example-truststore/clients.pem",
        "TruststoreVersion": "1",
    }
    assert guarded.one("ApiGateway::RestApi")["DisableExecuteApiEndpoint"] is True


def test_its_name_is_in_the_region_and_speaks_modern_tls(guarded):
    """With a truststore API Gateway takes no newer policy than this one: TLS 1.2 at least, all the same."""
    found = guarded.one("ApiGateway::DomainName")

    assert found["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert found["SecurityPolicy"] == "TLS_1_2"
    assert guarded.one("ApiGateway::RestApi")["SecurityPolicy"] == TLS_POLICY


def test_without_client_certificates_its_name_speaks_what_the_api_speaks(example):
    """TLS 1.3, or 1.2 with forward secrecy: the newer policies are for names that ask for no certificate."""
    from aws_cdk import App, Stack, assertions, aws_apigateway  # noqa: PLC0415  # after PATH has node

    from infra.parts.domain import OwnName  # noqa: PLC0415  # the same

    stack = Stack(App(), "bare")
    api = aws_apigateway.RestApi(stack, "Api")
    api.root.add_method("GET")
    OwnName(stack, "Own", domain=Domain(**DOMAIN), api=api, stage=api.deployment_stage, tls=TLS_POLICY)

    (found,) = assertions.Template.from_stack(stack).find_resources("AWS::ApiGateway::DomainName").values()
    assert found["Properties"]["SecurityPolicy"] == example.one("ApiGateway::RestApi")["SecurityPolicy"]
    assert found["Properties"]["EndpointAccessMode"] == "STRICT"
    assert "MutualTlsAuthentication" not in found["Properties"]


def test_carriers_and_persons_are_given_its_name(guarded):
    """Receipts and links to archives go to where the API is reached."""
    assert guarded.function("dispatch")["Environment"]["Variables"]["PUBLIC_URL"] == "https://sms.example.com"
    assert guarded.templates["pipeline"]["Outputs"]["ApiUrl"]["Value"] == "https://sms.example.com"
    assert guarded.one("ApiGateway::BasePathMapping")["Stage"]["Ref"].startswith("RestApiDeploymentStage")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"certificate_arn": ARN.replace("eu-west-3", "us-east-1")}, "another Region than eu-west-3"),
        ({"certificate_arn": "arn:of-something"}, "certificate_arn"),
        ({"name": "SMS.example.com"}, "host's name"),
        ({"name": "localhost"}, "host's name"),
        ({"truststore": "https://example.com/ca.pem"}, "s3://"),
        ({"truststore_version": "1"}, "goes with a truststore"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_name_that_cannot_be_is_refused(changes, says):
    """A certificate of another Region would be CloudFront's affair, and CloudFront is in every country."""
    with pytest.raises(ConfigError, match=says):
        read(context(domain=DOMAIN | changes))


# The firewall.


def rules(stacks):
    return {each["Name"]: each for each in stacks.one("WAFv2::WebACL")["Rules"]}


def test_the_firewall_keeps_no_request(guarded):
    """A sample is a request: an address, a path, a query, headers; for three hours, for whoever may look."""
    acl = guarded.one("WAFv2::WebACL")
    seen = [acl["VisibilityConfig"], *(each["VisibilityConfig"] for each in acl["Rules"])]

    assert {each["SampledRequestsEnabled"] for each in seen} == {False}
    assert not guarded.resources("WAFv2::LoggingConfiguration")


def test_the_firewall_is_before_the_stage(guarded):
    """Rules that are before nothing refuse nobody."""
    found = guarded.one("WAFv2::WebACLAssociation")

    assert guarded.one("WAFv2::WebACL")["Scope"] == "REGIONAL"
    assert "/stages/" in json.dumps(found["ResourceArn"])
    assert "Acl" in json.dumps(found["WebACLArn"])


def test_an_address_that_floods_is_refused_and_a_carriers_receipts_are_not(guarded):
    """A carrier reports on all messages of all tenants from a handful of addresses."""
    limit = rules(guarded)["rate"]["Statement"]["RateBasedStatement"]
    apart = limit["ScopeDownStatement"]["NotStatement"]["Statement"]["ByteMatchStatement"]

    assert (limit["Limit"], limit["AggregateKeyType"]) == (20_000, "IP")
    assert apart["SearchString"] == "/dlr/"
    assert rules(guarded)["rate"]["Action"] == {"Block": {}}


def test_lawful_requests_are_counted_and_not_refused(guarded):
    """A text may hold `<script>`, a batch 200 KB, a webhook is an address: AWS's rules do not know that."""
    group = rules(guarded)["common"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {each["Name"] for each in group["RuleActionOverrides"] if each["ActionToUse"] == {"Count": {}}}

    assert counted == set(LAWFUL)
    assert "SizeRestrictions_BODY" in counted
    assert rules(guarded)["common"]["OverrideAction"] == {"None": {}}


@pytest.mark.parametrize(("firewall", "says"), [({"rate": 10}, "rate is 10"), ({"mode": "off"}, "mode is 'off'")])
def test_a_firewall_that_cannot_be_is_refused(firewall, says):
    """AWS would say so in the middle of a deployment."""
    with pytest.raises(ConfigError, match=says):
        read(context(firewall=firewall))


# Carriers' addresses.


def allows(policy, path, address):
    """What API Gateway makes of a resource policy: what one statement denies is denied."""
    matching = [
        each
        for each in policy["Statement"]
        if fnmatch.fnmatchcase(f"execute-api:/live/POST{path}", each["Resource"])
        and all(
            ipaddress.ip_address(address) not in ipaddress.ip_network(block)
            for block in each.get("Condition", {}).get("NotIpAddress", {}).get("aws:SourceIp", ())
        )
    ]
    return {each["Effect"] for each in matching} == {"Allow"}


@pytest.mark.parametrize(
    ("path", "address", "open_"),
    [
        pytest.param("/dlr/simulator/t0ken", "91.198.174.7", True, id="its own"),
        pytest.param("/dlr/simulator/t0ken", "2a02:ec80::7", True, id="its own, by IPv6"),
        pytest.param("/dlr/simulator/t0ken", "192.0.2.7", False, id="somebody else's"),
        pytest.param("/dlr/%73imulator/t0ken", "192.0.2.7", False, id="the name written otherwise"),
        pytest.param("/dlr/simulator-account/t0ken", "192.0.2.7", True, id="a carrier that has not said"),
        pytest.param("/v1/messages", "192.0.2.7", True, id="a tenant"),
    ],
)
def test_a_carriers_receipts_come_from_where_it_says(guarded, path, address, open_):
    """Whoever learns a callback's address could otherwise report on messages, were a signature read wrongly."""
    assert allows(guarded.one("ApiGateway::RestApi")["Policy"], path, address) is open_


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("0.0.0.0/0", id="everybody"),
        pytest.param("::/0", id="everybody by IPv6"),
        pytest.param("2.0.0.0/7", id="half of the world's"),
        pytest.param("10.0.0.0/8", id="private"),
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("91.198.174.7/24", id="a host, not a block"),
        pytest.param("carrier.example", id="a name"),
    ],
)
def test_addresses_that_are_no_wall_are_refused(address):
    """It would look like one in the configuration."""
    with pytest.raises(ConfigError, match="block"):
        read(context(carriers=[CARRIER | {"addresses": [address]}]))
