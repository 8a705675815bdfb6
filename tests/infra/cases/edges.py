"""Services of no Region, services that carry data elsewhere, hosts that nobody declared."""

import json

from tests.infra.cases.case import NONE, Case, machine, of, told

EDGES = (
    Case("EU-12", of("CloudFormation::Stack", TemplateURL="u"), of("SNS::Topic")),
    Case("EU-12", of("CloudFormation::StackSet"), of("SNS::Topic")),
    Case("EU-12", of("Custom::Anything"), of("Custom::Read"), "read"),
    Case("EU-13", of("CloudFront::Distribution"), of("ElasticLoadBalancingV2::LoadBalancer")),
    Case("EU-13", of("GlobalAccelerator::Accelerator"), NONE),
    Case("EU-13", of("WAFv2::WebACL", Scope="CLOUDFRONT"), of("WAFv2::WebACL", Scope="REGIONAL")),
    Case(
        "EU-13",
        of(
            "IAM::Role",
            AssumeRolePolicyDocument={"Statement": [{"Principal": {"Service": "edgelambda.amazonaws.com"}}]},
        ),
        of("IAM::Role", AssumeRolePolicyDocument={"Statement": [{"Principal": {"Service": "lambda.amazonaws.com"}}]}),
    ),
    Case(
        "EU-14",
        of("ApiGateway::RestApi"),
        of("ApiGateway::RestApi", EndpointConfiguration={"Types": ["REGIONAL"]}),
        "by default",
    ),
    Case(
        "EU-14",
        of("ApiGateway::RestApi", EndpointConfiguration={"Types": ["EDGE"]}),
        of("ApiGateway::RestApi", EndpointConfiguration={"Types": ["PRIVATE"]}),
    ),
    Case(
        "EU-14",
        of("ApiGateway::DomainName", CertificateArn="c", EndpointConfiguration={"Types": ["REGIONAL"]}),
        of("ApiGateway::DomainName", EndpointConfiguration={"Types": ["REGIONAL"]}),
    ),
    Case("EU-15", of("Events::Endpoint"), of("Events::EventBus")),
    Case("EU-15", of("Route53::RecordSet", GeoLocation={"ContinentCode": "EU"}), of("Route53::RecordSet", Name="api")),
    Case("EU-15", of("Cognito::UserPoolDomain", CustomDomainConfig={}), of("Cognito::UserPoolDomain")),
    Case("EU-15", of("Route53::HealthCheck"), of("Route53::HostedZone")),
    Case("EU-16", of("Logs::Destination"), of("Logs::LogStream")),
    Case("EU-16", of("Oam::Link"), NONE),
    Case("EU-16", of("AppFlow::Flow"), NONE),
    Case(
        "EU-16",
        of("Logs::SubscriptionFilter", DestinationArn={"Fn::ImportValue": "theirs"}),
        {
            **of("Logs::SubscriptionFilter", DestinationArn={"Fn::GetAtt": ["Reader", "Arn"]}),
            "Reader": {"Type": "AWS::Lambda::Function"},
        },
    ),
    Case(
        "EU-16",
        of("Logs::AccountPolicy", PolicyType="SUBSCRIPTION_FILTER_POLICY"),
        of("Logs::AccountPolicy", PolicyType="DATA_PROTECTION_POLICY"),
    ),
    Case("EU-17", of("Bedrock::ApplicationInferenceProfile"), NONE),
    Case(
        "EU-17",
        told(MODEL="arn:aws:bedrock:eu-west-3:111122223333:inference-profile/eu.model"),
        told(MODEL="arn:aws:bedrock:eu-west-3::foundation-model/model"),
    ),
    Case("EU-18", machine("arn:aws:states:::http:invoke"), machine("arn:aws:states:::lambda:invoke")),
    Case(
        "EU-18",
        of("StepFunctions::StateMachine", DefinitionS3Location={"Bucket": "b"}),
        machine("arn:aws:states:::sqs:sendMessage"),
        "elsewhere",
    ),
    Case(
        "EU-19",
        told(CARRIERS=json.dumps([{"url": "https://carrier.example"}])),
        told(CARRIERS=json.dumps([{"url": "https://declared.example/v1"}])),
    ),
    Case(
        "EU-19",
        told(HOOKS="https://declared.example.evil.example"),
        told(HOOKS="http://127.0.0.1:4571 https://declared.example:8443"),
        "longer",
    ),
    Case(
        "EU-19",
        told(URL="https://notamazonaws.com"),
        told(URL={"Fn::Sub": "https://${Api}.execute-api.eu-west-3.${AWS::URLSuffix}/live"}),
        "AWS itself",
    ),
    Case("EU-19", told(URL={"Fn::Sub": "https://${Unknown}/"}), told(URL={"Ref": "Queue"}), "unresolved"),
    Case(
        "EU-20",
        of("Events::ApiDestination", InvocationEndpoint="https://carrier.example"),
        of("Events::ApiDestination", InvocationEndpoint="https://declared.example"),
    ),
    Case(
        "EU-20",
        of("SNS::Subscription", Protocol="https", Endpoint="https://carrier.example"),
        of("SNS::Subscription", Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-3:111122223333:q"),
    ),
    Case(
        "EU-20",
        of("SNS::Subscription", Protocol="email", Endpoint="a@b.example"),
        of("SNS::Subscription", Protocol="email", Endpoint="ops@declared.example"),
        "mail",
    ),
    Case(
        "EU-13",
        of(
            "IAM::Role",
            AssumeRolePolicyDocument={"Statement": [{"Principal": {"Service": "cloudfront.amazonaws.com"}}]},
        ),
        of("SNS::Topic", DisplayName="no cloudfront.amazonaws.com"),
        "let in",
    ),
    Case(
        "EU-19",
        told(URL="https://sqs.eu-west-1.amazonaws.com"),
        told(URL="https://sqs.eu-west-3.amazonaws.com"),
        "another Region's",
    ),
    Case(
        "EU-20",
        of("SNS::Subscription", Protocol="http", Endpoint="http://carrier.example"),
        of("SNS::Subscription", Protocol="https", Endpoint="https://declared.example/in"),
        "declared",
    ),
)
