"""Copies that a service makes elsewhere by itself: each is a property, or a resource, away."""

from infra.boundary.declared import Declared
from infra.boundary.regions import REGION
from infra.boundary.rule import Found, Rule
from infra.boundary.template import Resource, at, listed, on, written

_REPLICATION = "replication.dynamodb.amazonaws.com"

_PROPERTIES = {
    "DocDB::DBCluster": ("GlobalClusterIdentifier",),
    "EFS::FileSystem": ("ReplicationConfiguration",),
    "Kinesis::Stream": ("ReplicationConfiguration",),
    "Neptune::DBCluster": ("GlobalClusterIdentifier",),
    "RDS::DBCluster": ("GlobalClusterIdentifier", "SourceRegion"),
    "RDS::DBInstance": ("AutomaticBackupReplicationRegion", "SourceRegion"),
}
_TYPES = (
    "DocDB::GlobalCluster",
    "DSQL::MultiRegionCluster",
    "ECR::ReplicationConfiguration",
    "ElastiCache::GlobalReplicationGroup",
    "MSK::Replicator",
    "MemoryDB::MultiRegionCluster",
    "Neptune::GlobalCluster",
    "RDS::GlobalCluster",
    "SSMIncidents::ReplicationSet",
)


def tables(resource: Resource, _: Declared) -> Found:
    """`TableV2` is a global table even in one Region: what counts is who its replicas are."""
    own = resource.stack.region
    if resource.type == "Custom::DynamoDBReplica":
        yield "Region", "a replica of a table"
    elif resource.type == "DynamoDB::GlobalTable":
        replicas = [written(each.get("Region", "")) for each in listed(resource.properties.get("Replicas"))]
        if len(replicas) != 1 or replicas[0] not in {own, "${AWS::Region}"}:
            yield "Replicas", f"replicas in {', '.join(replicas) or 'no Region that is stated'}"
        if resource.properties.get("GlobalTableWitnesses"):
            yield "GlobalTableWitnesses", "a witness in another Region"
    elif resource.type == "DynamoDB::Table" and resource.properties.get("Replicas"):
        yield "Replicas", "replicas of a table"


def accounts_tables(resource: Resource, _: Declared) -> Found:
    """A global table over several accounts is made by a policy that lets the service replicate, and by naming one."""
    if resource.type == "DynamoDB::GlobalTable" and resource.properties.get("GlobalTableSourceArn"):
        yield "GlobalTableSourceArn", "a replica of another account's table"
    for where, text in resource.texts:
        if _REPLICATION in text and not _denied(resource, where):
            yield where, f"{_REPLICATION} is let in"


def _denied(resource: Resource, where: str) -> bool:
    """Whether the statement around a place in a policy refuses."""
    before, _, _ = where.partition("/Principal")
    found: object = resource.properties
    for word in before.split("/"):
        found = found[int(word)] if isinstance(found, list) else at(found, word) if isinstance(found, dict) else None
    return isinstance(found, dict) and found.get("Effect") == "Deny"


def buckets(resource: Resource, _: Declared) -> Found:
    """Replication rules, and access points that answer from wherever is nearest."""
    if resource.type == "S3::Bucket" and resource.properties.get("ReplicationConfiguration"):
        yield "ReplicationConfiguration", "objects are replicated"
    if resource.type.startswith("S3::MultiRegionAccessPoint"):
        yield "", "an access point of several Regions"


def keys(resource: Resource, _: Declared) -> Found:
    """A multi-Region key has the same key material wherever somebody puts a replica: later, without any template."""
    if resource.type == "KMS::ReplicaKey":
        yield "", "a replica of a key"
    if resource.type == "KMS::Key" and on(resource.properties.get("MultiRegion")):
        yield "MultiRegion", "a key that can be replicated"


def secrets(resource: Resource, _: Declared) -> Found:
    """A secret's replicas."""
    if resource.type == "SecretsManager::Secret" and resource.properties.get("ReplicaRegions"):
        yield "ReplicaRegions", "a secret is replicated"


def backups(resource: Resource, _: Declared) -> Found:
    """Copies of recovery points: of AWS Backup, and of Data Lifecycle Manager."""
    if resource.type == "Backup::BackupPlan":
        rules = listed(at(resource.properties, "BackupPlan.BackupPlanRule"))
        for index, rule in enumerate(rules):
            if rule.get("CopyActions"):
                yield f"BackupPlan/BackupPlanRule/{index}/CopyActions", "recovery points are copied"
    if resource.type == "DLM::LifecyclePolicy":
        for where, _text in resource.texts:
            if "CrossRegionCopy" in where:
                yield where, "snapshots are copied"


def others(resource: Resource, _: Declared) -> Found:
    """Every other service that replicates by itself."""
    if resource.type in _TYPES:
        yield "", "a resource of several Regions"
    for name in _PROPERTIES.get(resource.type, ()):
        if resource.properties.get(name):
            yield name, "a copy in another Region"
    if resource.type == "Cassandra::Keyspace":
        places = listed(at(resource.properties, "ReplicationSpecification.RegionList"))
        if any(REGION.fullmatch(written(each)) and each != resource.stack.region for each in places):
            yield "ReplicationSpecification", "a keyspace of several Regions"


RULES = (
    Rule("EU-04", "no table has a replica", "DynamoDB replicas", tables, "Leave `Replicas` at the stack's own Region."),
    Rule("EU-05", "no table is replicated over accounts", "multi-account global tables", accounts_tables),
    Rule("EU-06", "no bucket is replicated, nor reached by several Regions", "S3 replication, MRAP", buckets),
    Rule("EU-07", "no key can be replicated", "multi-Region KMS keys", keys),
    Rule("EU-08", "no secret is replicated", "replicas of secrets", secrets),
    Rule("EU-09", "no back-up is copied", "copies of back-ups", backups),
    Rule("EU-10", "nothing else is replicated", "global databases, replicated file systems and registries", others),
)
