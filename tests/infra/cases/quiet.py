"""What is written down along the way."""

from tests.infra.cases.case import NONE, Case, of

QUIET = (
    Case(
        "GDPR-14",
        of("ApiGateway::Stage", MethodSettings=[{"DataTraceEnabled": True}]),
        of("ApiGateway::Stage", MethodSettings=[{"DataTraceEnabled": False, "LoggingLevel": "OFF"}]),
        "data trace",
    ),
    Case(
        "GDPR-14",
        of("ApiGateway::Stage", MethodSettings=[{"LoggingLevel": "INFO"}]),
        of("ApiGateway::Stage"),
        "execution log",
    ),
    Case(
        "GDPR-14",
        of("ApiGateway::Stage", AccessLogSetting={"Format": "$context.identity.sourceIp"}),
        of("ApiGateway::Stage", AccessLogSetting={"Format": "$context.resourcePath $context.status"}),
        "an address",
    ),
    Case(
        "GDPR-14",
        of("ApiGatewayV2::Stage", AccessLogSetting={"Format": "$context.path"}),
        of("ApiGatewayV2::Stage", AccessLogSetting={"Format": "$context.routeKey"}),
    ),
    Case(
        "GDPR-14",
        of("ApiGatewayV2::Stage", DefaultRouteSettings={"DataTraceEnabled": True}),
        of("ApiGatewayV2::Stage", DefaultRouteSettings={}),
    ),
    Case(
        "GDPR-15",
        of("StepFunctions::StateMachine", LoggingConfiguration={"Level": "ALL", "IncludeExecutionData": True}),
        of("StepFunctions::StateMachine", LoggingConfiguration={"Level": "ALL", "IncludeExecutionData": False}),
    ),
    Case(
        "GDPR-16",
        of("DynamoDB::Table", ContributorInsightsSpecification={"Enabled": True}),
        of("DynamoDB::Table", ContributorInsightsSpecification={"Enabled": False}),
    ),
    Case(
        "GDPR-16",
        of("DynamoDB::Table", GlobalSecondaryIndexes=[{"ContributorInsightsSpecification": {"Enabled": True}}]),
        of("DynamoDB::Table", GlobalSecondaryIndexes=[{}]),
        "of an index",
    ),
    Case("GDPR-16", of("CloudWatch::InsightRule"), of("CloudWatch::Alarm")),
    Case(
        "GDPR-17",
        of("WAFv2::LoggingConfiguration"),
        of("WAFv2::LoggingConfiguration", RedactedFields=[{"UriPath": {}}]),
    ),
    Case("GDPR-17", of("CloudTrail::Trail", AdvancedEventSelectors=[{}]), of("CloudTrail::Trail")),
    Case(
        "GDPR-17",
        of("AppSync::GraphQLApi", LogConfig={"FieldLogLevel": "ALL"}),
        of("AppSync::GraphQLApi", LogConfig={"FieldLogLevel": "ERROR"}),
    ),
    Case("GDPR-17", of("Bedrock::ModelInvocationLoggingConfiguration"), NONE),
    Case(
        "GDPR-18",
        of("Lambda::Function", TracingConfig={"Mode": "Active"}),
        of("Lambda::Function", TracingConfig={"Mode": "PassThrough"}),
    ),
    Case("GDPR-18", of("ApiGateway::Stage", TracingEnabled=True), of("ApiGateway::Stage", TracingEnabled=False)),
    Case(
        "GDPR-18",
        of("StepFunctions::StateMachine", TracingConfiguration={"Enabled": True}),
        of("StepFunctions::StateMachine"),
    ),
    Case(
        "GDPR-14",
        of("ApiGateway::Deployment", StageDescription={"DataTraceEnabled": True}),
        of("ApiGateway::Deployment", StageDescription={"DataTraceEnabled": False}),
        "beside its deployment",
    ),
    Case(
        "GDPR-15",
        of("StepFunctions::StateMachine", LoggingConfiguration={"Level": "ERROR", "IncludeExecutionData": True}),
        of("StepFunctions::StateMachine", LoggingConfiguration={"Level": "OFF", "IncludeExecutionData": True}),
        "off",
    ),
    Case(
        "GDPR-17",
        of("CloudTrail::Trail", EventSelectors=[{}]),
        of("CloudTrail::Trail", TrailName="t"),
        "the older kind",
    ),
)
