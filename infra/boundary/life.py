"""How long things stay: nothing for ever, nothing longer than the personal-data map says (Art. 5(1)(e))."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from infra.boundary.declared import Declared, Kept, Part
from infra.boundary.rule import Found, Rule
from infra.boundary.template import WHOLE, Resource, at, listed, on

_MAP = "Art. 30: the record of processing"
_STORED = "Art. 5(1)(e): storage limitation"

_FILTERS = ("Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan")


def parts(resource: Resource) -> Iterator[Part]:
    """The resource, and the copies that are in it: an index, a stream, a back-up."""
    yield Part(resource.type, resource)
    if resource.type not in {"DynamoDB::Table", "DynamoDB::GlobalTable"}:
        return
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for index in listed(resource.properties.get(kind)):
            yield Part(f"{resource.type}/Index", resource, str(index.get("IndexName")))
    if resource.properties.get("StreamSpecification"):
        yield Part(f"{resource.type}/Stream", resource)
    if any(enabled for _, enabled, _ in _recoveries(resource)):
        yield Part(f"{resource.type}/Recovery", resource)


def known(resource: Resource, declared: Declared) -> Found:
    """Each type, too, that holds nothing of anybody: somebody has to have said so."""
    if resource.type == WHOLE:
        return
    for part in parts(resource):
        if declared.kept(part) is None:
            yield "", f"{part.type} {part.name}".strip() + " is not on the personal-data map"


def buckets(resource: Resource, declared: Declared) -> Found:
    """Objects, versions that were replaced, and uploads that were never finished: each has a life of its own."""
    if resource.type != "S3::Bucket":
        return
    rules = [each for each in listed(at(resource.properties, "LifecycleConfiguration.Rules")) if _everything(each)]
    days = [life for each in rules if isinstance(life := each.get("ExpirationInDays"), int)]
    replaced = [life for each in rules if (life := _noncurrent(each)) is not None]
    if not days:
        yield "LifecycleConfiguration", "objects stay for ever"
    if resource.properties.get("VersioningConfiguration") and not replaced:
        yield "LifecycleConfiguration", "replaced versions stay for ever"
    if not any("AbortIncompleteMultipartUpload" in each for each in rules):
        yield "LifecycleConfiguration", "uploads that were never finished stay for ever"
    if days:
        longest = timedelta(days=min(days) + min(replaced, default=0))
        yield from _longer(resource, declared, "LifecycleConfiguration", longest)


def _everything(rule: Mapping[str, Any]) -> bool:
    """Whether a rule of a bucket is on, and for every object in it."""
    return rule.get("Status") == "Enabled" and not any(rule.get(each) for each in _FILTERS)


def _noncurrent(rule: Mapping[str, Any]) -> int | None:
    found = at(rule, "NoncurrentVersionExpiration.NoncurrentDays") or rule.get("NoncurrentVersionExpirationInDays")
    return found if isinstance(found, int) else None


_STATED: dict[str, tuple[str, str, Callable[[float], timedelta]]] = {
    "Kinesis::Stream": ("RetentionPeriodHours", "hours", lambda hours: timedelta(hours=hours)),
    "Logs::LogGroup": ("RetentionInDays", "days", lambda days: timedelta(days=days)),
    "SQS::Queue": ("MessageRetentionPeriod", "seconds", lambda seconds: timedelta(seconds=seconds)),
}


def _states(type_: str) -> Callable[[Resource, Declared], Found]:
    name, unit, span = _STATED[type_]

    def look(resource: Resource, declared: Declared) -> Found:
        if resource.type != type_:
            return
        value = resource.properties.get(name)
        if not isinstance(value, int) or value <= 0:
            yield name, f"how many {unit} is not stated"
        else:
            yield from _longer(resource, declared, name, span(value))

    return look


def streams(resource: Resource, declared: Declared) -> Found:
    """A table's own stream forgets after a day; what is poured into another, or archived by a topic, does not."""
    yield from _states("Kinesis::Stream")(resource, declared)
    if resource.properties.get("KinesisStreamSpecification"):
        yield "KinesisStreamSpecification", "rows are poured into a stream of another life"
    if resource.type == "SNS::Topic" and resource.properties.get("ArchivePolicy"):
        yield "ArchivePolicy", "what was published is archived"


def archives(resource: Resource, declared: Declared) -> Found:
    """0 days, which is what a bus is given where nothing is said, are for ever."""
    if resource.type == "Events::Archive":
        value = resource.properties.get("RetentionDays")
        if not isinstance(value, int) or value <= 0:
            yield "RetentionDays", "events are archived for ever"
        else:
            yield from _longer(resource, declared, "RetentionDays", timedelta(days=value))


def backups(resource: Resource, declared: Declared) -> Found:
    """An erased person is in each of them until it ends."""
    for where, enabled, days in _recoveries(resource):
        if enabled and not isinstance(days, int):
            yield where, "how far back is not stated: 35 days"
        elif enabled:
            yield from _longer(resource, declared, where, timedelta(days=days), "/Recovery")
    if resource.type == "Backup::BackupPlan":
        for index, rule in enumerate(listed(at(resource.properties, "BackupPlan.BackupPlanRule"))):
            if not at(rule, "Lifecycle.DeleteAfterDays"):
                yield f"BackupPlan/BackupPlanRule/{index}", "recovery points stay for ever"
    if resource.type in {"RDS::DBInstance", "RDS::DBCluster"} and "BackupRetentionPeriod" not in resource.properties:
        yield "BackupRetentionPeriod", "how many days is not stated"


def _recoveries(resource: Resource) -> Iterator[tuple[str, bool, Any]]:
    """Where, whether, and for how many days a table can be restored."""
    found = {"PointInTimeRecoverySpecification": resource.properties.get("PointInTimeRecoverySpecification")}
    if resource.type == "DynamoDB::GlobalTable":
        for index, replica in enumerate(listed(resource.properties.get("Replicas"))):
            found[f"Replicas/{index}"] = at(replica, "PointInTimeRecoverySpecification")
    for where, said in found.items():
        if isinstance(said, Mapping):
            yield where, on(said.get("PointInTimeRecoveryEnabled")), said.get("RecoveryPeriodInDays")


def tables(resource: Resource, declared: Declared) -> Found:
    """Rows end by TTL, or the map says by what else."""
    if resource.type not in {"DynamoDB::Table", "DynamoDB::GlobalTable"}:
        return
    kept = declared.kept(Part(resource.type, resource)) or Kept()
    if at(resource.properties, "TimeToLiveSpecification.Enabled") is not True and not kept.without_ttl:
        yield "TimeToLiveSpecification", "rows have no end, and the map does not say why"


def _longer(resource: Resource, declared: Declared, where: str, life: timedelta, part: str = "") -> Found:
    kept = declared.kept(Part(resource.type + part, resource))
    if kept is not None and (kept.life is None or life > kept.life):
        said = f"the map says {kept.life}" if kept.life is not None else "the map does not say for how long"
        yield where, f"kept for {life}; {said}"


RULES = (
    Rule("GDPR-01", "whatever is deployed is on the personal-data map", _MAP, known, "Put it on the map."),
    Rule("GDPR-02", "objects, replaced versions and unfinished uploads end", _STORED, buckets),
    Rule("GDPR-03", "logs end", _STORED, _states("Logs::LogGroup"), "State `RetentionInDays`."),
    Rule("GDPR-04", "what waits in a queue ends", _STORED, _states("SQS::Queue"), "State `MessageRetentionPeriod`."),
    Rule("GDPR-05", "streams end, and topics archive nothing", _STORED, streams),
    Rule("GDPR-06", "archives of events end", _STORED, archives, "State `RetentionDays`: 0 is for ever."),
    Rule("GDPR-07", "back-ups end", f"{_STORED}; Art. 17: what an erasure is outlived by", backups),
    Rule("GDPR-08", "rows of a table end", _STORED, tables),
)
