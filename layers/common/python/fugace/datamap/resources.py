"""Which resources of a deployment belong to which place, which hold nothing, and what must not be deployed at all.

Types are those of CloudFormation without `AWS::`; what is a part of another resource has its name behind it:
`DynamoDB::Table/Index`. Names are patterns, without the name of the environment before them. A test takes every
resource of the synthesized templates: one that is named nowhere here fails it until somebody has decided.
"""

from dataclasses import dataclass

_TRIGGERS = "reconcile|plan|watch|checkpoint"


@dataclass(frozen=True, slots=True)
class Holder:
    """Resources that can hold data."""

    type: str
    name: str
    """A regular expression for the whole name."""
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A type, or a property of one that is there, which would open a banned place."""

    type: str
    """A type, or the beginning of several where it ends with `:`."""
    property: str
    """'' for the type itself."""
    place: int
    fine: tuple[object, ...] = (None, False)
    """Values that do not: absence, above all."""


HOLDERS = (
    Holder("DynamoDB::Table", "messages", (1, 3, 26)),
    Holder("DynamoDB::Table", "tenants", (1, 3, 32, 36)),
    Holder("DynamoDB::Table", "subject-keys", (1, 3, 31, 36)),
    Holder("DynamoDB::Table", "purge", (1, 3)),
    Holder("DynamoDB::Table", "ledger", (37,)),
    Holder("DynamoDB::Table", "cases", (1, 3, 34)),
    Holder("DynamoDB::Table/Index", "messages/by-(subject|time|content)", (2,)),
    Holder("DynamoDB::Table/Index", "purge/by-due", (2,)),
    Holder("DynamoDB::Table/Index", "ledger/by-day", (37,)),
    Holder("DynamoDB::Table/Index", "subject-keys/by-objection", (2,)),
    Holder("DynamoDB::Table/Index", "cases/by-(deadline|person|look)", (2,)),
    Holder("DynamoDB::Table/Stream", "messages", (4,)),
    Holder("DynamoDB::Table/Recovery", "messages|tenants|cases", (6,)),
    Holder("DynamoDB::Table/Recovery", "ledger", (37,)),
    Holder("S3::Bucket", "ledger-.+", (9, 10)),
    Holder("S3::Bucket", "exports-.+", (9, 10, 11)),
    Holder("SQS::Queue", r"carrier-[a-z0-9-]+?(?<!-dead)", (12,)),
    Holder("SQS::Queue", "notify|receipts|sweep|callbacks", (12,)),
    Holder("SQS::Queue", r"carrier-[a-z0-9-]+-dead", (13,)),
    Holder("SQS::Queue", f"(notify|receipts|sweep|callbacks|{_TRIGGERS})-dead", (13,)),
    Holder("SQS::Queue", "(relay|tally)-failures", (14,)),
    Holder("Lambda::EventInvokeConfig", _TRIGGERS, (14,)),
    Holder("Scheduler::ScheduleGroup", "", (16,)),
    Holder("StepFunctions::StateMachine", "requests|restore", (17, 18)),
    Holder("Logs::LogGroup", "(?!api$)[a-z]+", (19,)),
    Holder("Logs::LogGroup", "api", (23,)),
    Holder("CloudWatch::Alarm", "[a-z0-9-]+", (21,)),
    Holder("CloudWatch::CompositeAlarm", "[a-z0-9-]+", (21,)),
    Holder("CloudWatch::Dashboard", "|send|report|purge|request", (33,)),
    Holder("ApiGateway::Stage", "live", (23,)),
    Holder("ApiGateway::Authorizer", "auth", (27,)),
    Holder("Lambda::Function", "[a-z]+", (27,)),
    Holder("SNS::Topic", "alarms", (28,)),
    Holder("KMS::Key", "", (36,)),
    Holder("KMS::Key", "services", (36,)),
    Holder("KMS::Key", "certificates", (34,)),
    Holder("KMS::Key", "ledger", (37,)),
)
"""The account of a carrier, and what a tenant's webhook does, are no resources of ours: places 29 and 30."""


def places_of(table: str) -> set[int]:
    """Where the rows of a table are: the table itself, its indexes, its stream, its back-up."""
    return {
        number
        for each in HOLDERS
        if each.type.startswith("DynamoDB::Table") and table in each.name.partition("/")[0].split("|")
        for number in each.places
    }


EMPTY = {
    "ApiGateway::Account": "the role under which the gateway logs",
    "ApiGateway::ApiKey": "what tenants on no plan are counted under; it opens nothing",
    "ApiGateway::BasePathMapping": "which API a name leads to",
    "ApiGateway::Deployment": "which routes there are",
    "ApiGateway::DomainName": "a name, and which certificates it takes",
    "ApiGateway::GatewayResponse": "what the gateway itself answers, word by word",
    "ApiGateway::Method": "a route",
    "ApiGateway::Resource": "a route",
    "ApiGateway::RestApi": "an address; what passes through is in no cache",
    "CodeDeploy::Application": "a name",
    "CodeDeploy::DeploymentGroup": "how a new version takes over from the old one",
    "ApiGateway::UsagePlan": "how many requests a tenant may make; how many it made is a number",
    "ApiGateway::UsagePlanKey": "who is counted under which plan",
    "IAM::Policy": "rights",
    "IAM::Role": "rights",
    "KMS::Alias": "a name",
    "Lambda::Alias": "a name",
    "Lambda::EventSourceMapping": "who is woken by what; how far it read is a number",
    "Lambda::LayerVersion": "code",
    "Lambda::Permission": "rights",
    "Lambda::Version": "code, and variables as they were",
    "Logs::QueryDefinition": "a question to the logs: ids are put in by hand, and its answers are as old as the logs",
    "S3::BucketPolicy": "rights",
    "SNS::TopicPolicy": "rights",
    "SQS::QueuePolicy": "rights",
    "Scheduler::Schedule": "when a function is woken; its input is empty",
    "SecretsManager::Secret": "what we are known by to a carrier",
    "WAFv2::WebACL": "rules; it samples nothing, and its counts name nobody",
    "WAFv2::WebACLAssociation": "what the rules are before",
}
"""Types that hold nothing of anybody, and what they hold instead."""

FORBIDDEN = (
    Forbidden("DynamoDB::Table", "KinesisStreamSpecification", 5),
    Forbidden("Kinesis:", "", 5),
    Forbidden("KinesisFirehose:", "", 5),
    Forbidden("Pipes:", "", 5),
    Forbidden("DynamoDB::Table", "ContributorInsightsSpecification", 3),
    Forbidden("CloudWatch::InsightRule", "", 3),
    Forbidden("Backup:", "", 7),
    Forbidden("DynamoDB::GlobalTable", "", 7),
    Forbidden("DynamoDB::Table", "Replicas", 7),
    Forbidden("KMS::ReplicaKey", "", 7),
    Forbidden("KMS::Key", "MultiRegion", 7),
    Forbidden("SecretsManager::Secret", "ReplicaRegions", 7),
    Forbidden("S3::Bucket", "ReplicationConfiguration", 7),
    Forbidden("DynamoDB::Table", "ImportSourceSpecification", 8),
    Forbidden("S3::Bucket", "LoggingConfiguration", 10),
    Forbidden("S3::Bucket", "InventoryConfigurations", 10),
    Forbidden("S3::Bucket", "MetadataTableConfiguration", 10),
    Forbidden("S3::Bucket", "NotificationConfiguration", 14),
    Forbidden("Events:", "", 15),
    Forbidden("StepFunctions::StateMachine", "LoggingConfiguration", 17),
    Forbidden("StepFunctions::Activity", "", 17),
    Forbidden("Logs::LogGroup", "DataProtectionPolicy", 20),
    Forbidden("Logs::SubscriptionFilter", "", 21),
    Forbidden("Logs::Destination", "", 21),
    Forbidden("Logs::Delivery", "", 21),
    Forbidden("Logs::MetricFilter", "", 21),
    Forbidden("CloudWatch::MetricStream", "", 21),
    Forbidden("Oam:", "", 21),
    Forbidden("ApiGateway::Stage", "CacheClusterEnabled", 27),
    Forbidden("ApiGateway::Stage", "TracingEnabled", 24),
    Forbidden("Lambda::Function", "TracingConfig", 24, (None, {"Mode": "PassThrough"})),
    Forbidden("StepFunctions::StateMachine", "TracingConfiguration", 24, (None, {"Enabled": False})),
    Forbidden("XRay:", "", 24),
    Forbidden("CloudTrail:", "", 25),
    Forbidden("WAFv2::LoggingConfiguration", "", 23),
    Forbidden("Lambda::Function", "SnapStart", 27, (None, {"ApplyOn": "None"})),
    Forbidden("Lambda::Function", "FileSystemConfigs", 27),
    Forbidden("Lambda::Function", "EphemeralStorage", 27),
    Forbidden("Lambda::Function", "DurableConfig", 17),
    Forbidden("DAX:", "", 27),
    Forbidden("ElastiCache:", "", 27),
    Forbidden("SNS::Topic", "ArchivePolicy", 28),
    Forbidden("SNS::Topic", "DeliveryStatusLogging", 28),
    Forbidden("SNS::Subscription", "", 28),
    Forbidden("Athena:", "", 33),
    Forbidden("Glue:", "", 33),
)
