"""A table as it was, restored beside the live one, and put back row by row.

Rows go as they are, attribute by attribute; what is changed in one is written by the code that writes such rows anyway.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pynamodb.models import Model

from fugace.adapters.dynamo.attributes import to_millis
from fugace.adapters.dynamo.lines import read_caps, write_caps
from fugace.adapters.dynamo.requests import claim_of, read_case, write_case
from fugace.adapters.dynamo.rows import read_record, write_record
from fugace.adapters.dynamo.table import Raw
from fugace.adapters.dynamo.tables.cases import CaseItem, ClaimItem
from fugace.adapters.dynamo.tables.messages import MessageItem
from fugace.adapters.dynamo.tables.tenants import AttemptsItem, TenantItem
from fugace.adapters.dynamo.transactions import TransactionCancelledError, TransactItem, transact
from fugace.adapters.dynamo.writes import write_of
from fugace.adapters.faults import Asking, code_of
from fugace.adapters.session import Aws
from fugace.datamap.place import BACKUP
from fugace.domain.errors import UnavailableError
from fugace.domain.ids import MessageKey, TenantId
from fugace.domain.message import Record
from fugace.ports import Write
from fugace.restoring import NOBODY, PLANTED, Counts, Row, Run, Sort, Source, UnfitTableError, Verdict, Word

PAGE = 100
TOGETHER = 20
"""Rows of one transaction: each is at most three writes, and there is one for each tenant's count."""
EXPIRES = "expires_at"
COUNTED = "restored"
"""The partition, and the beginning of a message's key, of the counts of what was dealt with."""
_MOST_KEYS = 100
_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_CONFIGURED = {"tenant": Sort.TENANT, "key": Sort.API_KEY, "webhook": Sort.WEBHOOK, "hold": Sort.HOLD}
_FILED = {"case": Sort.CASE, "claim": Sort.CLAIM, "recall": Sort.RECALL}
_COUNTS = (Word.KEPT, Word.REFUSED, Word.LIVE)
_DISABLED = "restored"


class StrayError(Exception):
    """There is a table of that name that nobody restored: it is left alone."""


@dataclass(frozen=True, slots=True)
class _Tables:
    live: str
    quarantine: str


class DynamoQuarantine:
    """A `fugace.restoring.Quarantine`."""

    def __init__(self, aws: Aws, tables: Mapping[Source, str]) -> None:
        self._aws = aws
        self._names = tables

    # The table itself.

    def begin(self, run: Run) -> None:
        """One RestoreTableToPointInTime, without indexes: nobody looks for anybody there."""
        tables = self._tables(run)
        try:
            with Asking():
                self._client.restore_table_to_point_in_time(
                    SourceTableName=tables.live,
                    TargetTableName=tables.quarantine,
                    RestoreDateTime=run.at,
                    BillingModeOverride="PAY_PER_REQUEST",
                    GlobalSecondaryIndexOverride=[],
                )
        except Exception as error:
            if code_of(error) not in {"TableAlreadyExistsException", "TableInUseException"}:
                raise

    def ready(self, run: Run) -> bool:
        """One DescribeTable. Raises StrayError."""
        with Asking():
            table = self._client.describe_table(TableName=self._tables(run).quarantine)["Table"]
        if "RestoreSummary" not in table:
            raise StrayError
        return table["TableStatus"] == "ACTIVE" and not table["RestoreSummary"].get("RestoreInProgress")

    def fit(self, run: Run) -> None:
        """Four questions, and a change for each thing that is missing.

        The quarantine gets no back-up: it would be one more copy, and outlive the table by weeks once that is deleted.
        """
        tables = self._tables(run)
        with Asking():
            live = self._client.describe_table(TableName=tables.live)["Table"]
        if run.source is Source.MESSAGES and not live.get("StreamSpecification", {}).get("StreamEnabled"):
            raise UnfitTableError
        for name in (tables.live, tables.quarantine):
            self._expire(name)
        self._back_up(tables.live)
        self._tag(live["TableArn"], tables.quarantine)

    def _expire(self, table: str) -> None:
        with Asking():
            described = self._client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
            if described["TimeToLiveStatus"] in {"DISABLED", "DISABLING"}:
                wish = {"Enabled": True, "AttributeName": EXPIRES}
                self._client.update_time_to_live(TableName=table, TimeToLiveSpecification=wish)

    def _back_up(self, table: str) -> None:
        with Asking():
            described = self._client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
            if described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED":
                wish = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": BACKUP.days}
                self._client.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=wish)

    def _tag(self, live: str, quarantine: str) -> None:
        """With the live one's, but those that AWS alone may give."""
        with Asking():
            tags = self._client.list_tags_of_resource(ResourceArn=live).get("Tags", [])
            arn = self._client.describe_table(TableName=quarantine)["Table"]["TableArn"]
            own = [tag for tag in tags if not tag["Key"].startswith("aws:")]
            self._client.tag_resource(ResourceArn=arn, Tags=[*own, {"Key": "fugace", "Value": "quarantine"}])

    def remove(self, run: Run) -> None:
        """One DeleteTable."""
        try:
            with Asking():
                self._client.delete_table(TableName=self._tables(run).quarantine)
        except Exception as error:
            if code_of(error) not in {"ResourceNotFoundException", "ResourceInUseException"}:
                raise

    # Its rows.

    def plant(self, run: Run, record: Record | None) -> Row:
        """One PutItem."""
        item: Model
        if record:
            item = write_record(record)
        elif run.source is Source.TENANTS:
            item = AttemptsItem(PLANTED, f"log/{run.id}", attempts=[], expires_at=_LONG_AGO)
        else:
            item = CaseItem(PLANTED, f"recall/{run.id}/0")
        raw: Raw = item.serialize()
        with Asking():
            self._client.put_item(TableName=self._tables(run).quarantine, Item=raw)
        return _row(run.source, raw)

    def rows(self, run: Run) -> Iterator[list[Row]]:
        """A Scan, some rows at a time; counts are passed over."""
        more: dict[str, Any] = {}
        while True:
            with Asking():
                page = self._client.scan(
                    TableName=self._tables(run).quarantine, Limit=PAGE, ConsistentRead=True, **more
                )
            if found := [_row(run.source, raw) for raw in page["Items"] if not _is_count(raw)]:
                yield found
            if "LastEvaluatedKey" not in page:
                return
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def live(self, run: Run, rows: Sequence[Row]) -> set[str]:
        """One consistent BatchGetItem for 100, of keys alone."""
        table, found = self._tables(run).live, set[str]()
        names = _key_names(run.source)
        waiting = [_key(run.source, row) for row in rows]
        while waiting:
            batch, waiting = waiting[:_MOST_KEYS], waiting[_MOST_KEYS:]
            wish = {"Keys": batch, "ConsistentRead": True, **_projected(names)}
            with Asking():
                answer = self._client.batch_get_item(RequestItems={table: wish})
            found |= {_name(run.source, raw) for raw in answer["Responses"].get(table, [])}
            left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            if len(left) == len(batch):
                raise UnavailableError
            waiting += left
        return found

    def deal(self, run: Run, verdicts: Sequence[Verdict]) -> None:
        """One TransactWriteItems for a few; where one of them stands in the way, one for each."""
        for start in range(0, len(verdicts), TOGETHER):
            some = verdicts[start : start + TOGETHER]
            if not self._dealt(run, some):
                for each in some:
                    self._one(run, each)

    def _one(self, run: Run, verdict: Verdict) -> None:
        if self._dealt(run, [verdict]) or not verdict.back:
            return  # not there any more: another run has dealt with it
        self._dealt(run, [Verdict(verdict.row, word=Word.LIVE)])

    def _dealt(self, run: Run, verdicts: Sequence[Verdict]) -> bool:
        """False: a condition did not hold, and nothing was written."""
        try:
            transact(self._aws, [*self._moves(run, verdicts), *self._tallied(run, verdicts)])
        except TransactionCancelledError as cancelled:
            if not cancelled.failed:
                raise
            return False
        return True

    def _moves(self, run: Run, verdicts: Sequence[Verdict]) -> Iterator[TransactItem]:
        tables, hash_key = self._tables(run), _key_names(run.source)[0]
        for verdict in verdicts:
            key = _key(run.source, verdict.row)
            there = {"ConditionExpression": "attribute_exists(#k)", "ExpressionAttributeNames": {"#k": hash_key}}
            yield {"Delete": {"TableName": tables.quarantine, "Key": key, **there}}
            if verdict.back:
                absent = {
                    "ConditionExpression": "attribute_not_exists(#k)",
                    "ExpressionAttributeNames": {"#k": hash_key},
                }
                item = _written(verdict.row, verdict.back)
                yield {"Put": {"TableName": tables.live, "Item": item, **absent}}
                if verdict.back.case and (claim := claim_of(verdict.back.case)):
                    yield {"Put": {"TableName": tables.live, "Item": claim.serialize(), **_unclaimed(claim)}}

    def _tallied(self, run: Run, verdicts: Sequence[Verdict]) -> Iterator[TransactItem]:
        counts = Counter((each.row.tenant, Word.KEPT if each.back else each.word) for each in verdicts)
        for tenant in sorted({tenant for tenant, _ in counts}):
            values = {f":{word.value}": {"N": str(counts[tenant, word])} for word in _COUNTS}
            names = {f"#{word.value}": word.value for word in _COUNTS}
            added = ", ".join(f"#{word.value} :{word.value}" for word in _COUNTS)
            yield {
                "Update": {
                    "TableName": self._tables(run).quarantine,
                    "Key": _count_key(run.source, tenant),
                    "UpdateExpression": f"ADD {added}",
                    "ExpressionAttributeNames": names,
                    "ExpressionAttributeValues": values,
                }
            }

    # Its counts.

    def counts(self, run: Run) -> Mapping[TenantId, Counts]:
        """A Scan: there is little else left by then."""
        found: dict[TenantId, Counts] = {}
        more: dict[str, Any] = {}
        while True:
            with Asking():
                page = self._client.scan(TableName=self._tables(run).quarantine, ConsistentRead=True, **more)
            found |= dict(_count(run.source, raw) for raw in page["Items"] if _is_count(raw))
            if "LastEvaluatedKey" not in page:
                return found
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def entered(self, run: Run, tenant: TenantId) -> Write:
        """One conditional UpdateItem."""
        return write_of(
            {
                "Update": {
                    "TableName": self._tables(run).quarantine,
                    "Key": _count_key(run.source, tenant),
                    "UpdateExpression": "SET #e = :yes",
                    "ConditionExpression": "attribute_exists(#k) AND attribute_not_exists(#e)",
                    "ExpressionAttributeNames": {"#e": "entered", "#k": Word.KEPT.value},
                    "ExpressionAttributeValues": {":yes": {"BOOL": True}},
                }
            }
        )

    @property
    def _client(self) -> Any:  # noqa: ANN401  # the SDK makes a client's methods while it runs
        return self._aws.client("dynamodb")

    def _tables(self, run: Run) -> _Tables:
        live = self._names[run.source]
        return _Tables(live, f"{live}-restore-{run.id}")


# --- keys ----------------------------------------------------------------------------------------


def _key_names(source: Source) -> tuple[str, ...]:
    return ("pk",) if source is Source.MESSAGES else ("tenant", "item")


def _key(source: Source, row: Row) -> Raw:
    if source is Source.MESSAGES:
        return {"pk": {"S": row.key}}
    partition, _, item = row.key.partition(" ")
    return {"tenant": {"S": partition}, "item": {"S": item}}


def _name(source: Source, raw: Raw) -> str:
    """The key as `Row` has it."""
    return " ".join(raw[name]["S"] for name in _key_names(source))


def _count_key(source: Source, tenant: TenantId) -> Raw:
    if source is Source.MESSAGES:
        return {"pk": {"S": f"{COUNTED}/{tenant}"}}
    return {"tenant": {"S": COUNTED}, "item": {"S": tenant}}


def _is_count(raw: Raw) -> bool:
    first = raw.get("pk", raw.get("tenant", {})).get("S", "")
    return bool(first.partition("/")[0] == COUNTED)


def _count(source: Source, raw: Raw) -> tuple[TenantId, Counts]:
    name = _name(source, raw)
    tenant = TenantId(name.removeprefix(f"{COUNTED}/").removeprefix(f"{COUNTED} "))
    kept, refused, live = (int(raw.get(word.value, {"N": "0"})["N"]) for word in _COUNTS)
    return tenant, Counts(kept, refused, live, "entered" in raw)


def _projected(names: Sequence[str]) -> dict[str, Any]:
    known = {f"#{name}": name for name in names}
    return {"ProjectionExpression": ", ".join(known), "ExpressionAttributeNames": known}


# --- rows ----------------------------------------------------------------------------------------


def _row(source: Source, raw: Raw) -> Row:
    """As far as it is judged. What cannot be read is a row as well: it must not keep the others waiting."""
    read = {Source.MESSAGES: _message, Source.TENANTS: _configured, Source.CASES: _filed}[source]
    try:
        return read(_name(source, raw), raw)
    except Exception:  # noqa: BLE001  # whatever it is, it may quote the row
        return Row(Sort.UNREADABLE, NOBODY, _name(source, raw), item=raw)


def _message(name: str, raw: Raw) -> Row:
    key, record = MessageKey.read(name), read_record(MessageItem.from_raw_data(dict(raw)))
    return Row(Sort.MESSAGE, key.tenant, name, record=record, item=raw)


def _configured(name: str, raw: Raw) -> Row:
    partition, _, item = name.partition(" ")
    sort = _CONFIGURED.get(item.partition("/")[0], Sort.OTHER) if partition.startswith("ten_") else Sort.OTHER
    retention = None
    if sort is Sort.TENANT and "wrapped" in raw:
        retention = read_caps(map(str, TenantItem.from_raw_data(dict(raw)).caps))
    tenant = TenantId(partition) if partition.startswith("ten_") else NOBODY
    return Row(sort, tenant, name, _end(raw), retention=retention, item=raw)


def _filed(name: str, raw: Raw) -> Row:
    partition, _, item = name.partition(" ")
    sort = _FILED.get(item.partition("/")[0], Sort.OTHER)
    case = read_case(CaseItem.from_raw_data(dict(raw))) if sort is Sort.CASE and "kind" in raw else None
    return Row(sort, TenantId(partition), name, _end(raw), case=case, item=raw)


def _end(raw: Raw) -> datetime | None:
    return datetime.fromtimestamp(int(raw[EXPIRES]["N"]), UTC) if EXPIRES in raw else None


def _written(was: Row, back: Row) -> Raw:
    """What is put into the live table."""
    raw: Raw = dict(was.item)  # type: ignore[call-overload]  # ours: `_row` made it
    if back.record and back.record != was.record:
        return dict(write_record(back.record).serialize())
    if back.case and back.case != was.case:
        return _kept_end(write_case(back.case).serialize(), raw)
    if back.retention and back.retention != was.retention:
        raw["caps"] = {"L": [{"S": line} for line in write_caps(back.retention)]}
    if back.closed and back.sort is Sort.API_KEY:
        raw.setdefault("revoked", {"N": str(to_millis(back.closed))})
    if back.closed and back.sort is Sort.WEBHOOK:
        raw.setdefault("disabled", {"S": _DISABLED})
    return raw


def _unclaimed(claim: ClaimItem) -> dict[str, Any]:
    """Nobody else has it: a request that was filed since is the later one, and stays alone."""
    return {
        "ConditionExpression": "attribute_not_exists(#k) OR #c = :c",
        "ExpressionAttributeNames": {"#k": "tenant", "#c": "case"},
        "ExpressionAttributeValues": {":c": {"S": claim.case}},
    }


def _kept_end(raw: Raw, was: Raw) -> Raw:
    """A stamp of the purge's is no field of a request."""
    return {**raw, **({EXPIRES: was[EXPIRES]} if EXPIRES in was else {})}
