"""A name of the API's own, and certificates of its clients."""

from aws_cdk import CfnOutput
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from infra.exposure import Domain

# With a truststore API Gateway takes none of the newer policies ("Choose a security policy for your custom domain"):
# TLS 1.2 is the best that there is then.
MUTUAL_TLS_POLICY = "TLS_1_2"


class OwnName(Construct):
    """A regional domain name in front of the stage. What it is an alias of is an output: the DNS is the operator's."""

    def __init__(
        self, scope: Construct, name: str, *, domain: Domain, api: apigateway.RestApi, stage: apigateway.Stage, tls: str
    ) -> None:
        """`tls`: the policy of a name whose clients need no certificate."""
        super().__init__(scope, name)
        mutual = None
        if domain.truststore:
            mutual = apigateway.CfnDomainName.MutualTlsAuthenticationProperty(
                truststore_uri=domain.truststore, truststore_version=domain.truststore_version
            )
        made = apigateway.CfnDomainName(
            self,
            "Name",
            domain_name=domain.name,
            regional_certificate_arn=domain.certificate_arn,
            endpoint_configuration=apigateway.CfnDomainName.EndpointConfigurationProperty(types=["REGIONAL"]),
            security_policy=MUTUAL_TLS_POLICY if mutual else tls,
            endpoint_access_mode=None if mutual else "STRICT",
            mutual_tls_authentication=mutual,
        )
        apigateway.CfnBasePathMapping(
            self, "Mapping", domain_name=made.ref, rest_api_id=api.rest_api_id, stage=stage.stage_name
        )
        CfnOutput(
            self,
            "Alias",
            value=made.attr_regional_domain_name,
            description=f"What {domain.name} has to be an alias of, in the DNS",
        ).override_logical_id("ApiAlias")
