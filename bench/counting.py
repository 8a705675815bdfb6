"""DynamoDB in this process, counting requests and units, with DynamoDB's own limits enforced.

It stands behind botocore's `before-send` hook, so real requests are built, signed and read. A query costs what it
finds, not what the table holds: what scales with the table can be measured with it.
"""

import json
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any

from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.session import Session

from bench.desk import _Raw
from bench.expressions import Expression, Item, Statement, plain
from bench.run import _size

PAGE = 1_048_576
LARGEST = 409_600
MOST_STATEMENTS, MOST_KEYS, MOST_ACTIONS = 25, 100, 100
_UNIT, _READ_UNIT = 1_024, 4_096


class LimitError(Exception):
    """DynamoDB would not have taken it."""


@dataclass(slots=True)
class Shape:
    """A table's keys: (hash, range or ''); the same for each index."""

    key: tuple[str, str]
    indexes: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Table:
    shape: Shape
    rows: dict[tuple[Any, ...], Item] = field(default_factory=dict)
    sorted: dict[tuple[str, Any], list[tuple[Any, ...]]] = field(default_factory=dict)
    """By (index or '', hash): (range, primary key), in order."""

    def key_of(self, item: Item) -> tuple[Any, ...]:
        return tuple(plain(item[name]) for name in self.shape.key if name)

    def places(self, item: Item) -> Iterator[tuple[tuple[str, Any], tuple[Any, ...]]]:
        for index, (hash_, range_) in {"": self.shape.key, **self.shape.indexes}.items():
            if hash_ in item and (not range_ or range_ in item):
                order = plain(item[range_]) if range_ else Decimal(0)
                yield (index, plain(item[hash_])), (order, *self.key_of(item))

    def put(self, item: Item) -> None:
        self.drop(self.key_of(item))
        self.rows[self.key_of(item)] = item
        for partition, place in self.places(item):
            insort(self.sorted.setdefault(partition, []), place)

    def drop(self, key: tuple[Any, ...]) -> None:
        item = self.rows.pop(key, None)
        for partition, place in self.places(item) if item else ():
            found = self.sorted[partition]
            del found[bisect_left(found, place)]

    def load(self, items: Iterable[Item]) -> None:
        """Many at once."""
        for item in items:
            self.rows[self.key_of(item)] = item
            for partition, place in self.places(item):
                self.sorted.setdefault(partition, []).append(place)
        for found in self.sorted.values():
            found.sort()


class Counting:
    """Answers DynamoDB. `requests`: by (operation, table)."""

    def __init__(self, shapes: dict[str, Shape]) -> None:
        self.tables = {name: _Table(shape) for name, shape in shapes.items()}
        self.requests: Counter[tuple[str, str]] = Counter()
        self.write_units = 0
        self.read_units = 0.0

    def attach(self, session: Session) -> None:
        """Answer everything that `session`'s clients ask from now on."""
        session.get_component("event_emitter").register_first("before-send", self._answer)

    def reset(self) -> None:
        """Forget what was counted."""
        self.requests.clear()
        self.write_units, self.read_units = 0, 0.0

    @property
    def total(self) -> int:
        """Requests of all kinds."""
        return sum(self.requests.values())

    def _answer(self, request: AWSRequest, **_: object) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        asked = json.loads(request.body)
        self.requests[operation, str(asked.get("TableName", ""))] += 1
        body = getattr(self, f"_{operation.lower()}")(asked)
        status = 400 if "__type" in body else 200
        return AWSResponse(
            request.url, status, {"Content-Type": "application/x-amz-json-1.0"}, _Raw(json.dumps(body).encode())
        )

    # Reads.

    def _getitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        table = self.tables[asked["TableName"]]
        found = table.rows.get(table.key_of(asked["Key"]))
        self._read(_size(found) if found else 0, consistent=bool(asked.get("ConsistentRead")))
        return {"Item": found} if found else {}

    def _batchgetitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        answer = {}
        for name, wish in asked["RequestItems"].items():
            _demand(len(wish["Keys"]) <= MOST_KEYS, "100 keys")
            table = self.tables[name]
            found = [row for key in wish["Keys"] if (row := table.rows.get(table.key_of(key)))]
            for row in found:
                self._read(_size(row), consistent=bool(wish.get("ConsistentRead")))
            _demand(sum(map(_size, found)) <= 16 * PAGE, "16 MB")
            answer[name] = found
        return {"Responses": answer, "UnprocessedKeys": {}}

    def _query(self, asked: dict[str, Any]) -> dict[str, Any]:
        table, index = self.tables[asked["TableName"]], asked.get("IndexName", "")
        where = Expression(
            asked["KeyConditionExpression"],
            asked.get("ExpressionAttributeNames", {}),
            asked.get("ExpressionAttributeValues", {}),
        )
        hash_, range_ = table.shape.indexes[index] if index else table.shape.key
        places = table.sorted.get((index, _hash_of(where, hash_)), [])
        first, last = _span(where, range_, places)
        forward = asked.get("ScanIndexForward", True)
        if "ExclusiveStartKey" in asked:
            start = asked["ExclusiveStartKey"]
            mark = (plain(start[range_]) if range_ else Decimal(0), *table.key_of(start))
            if forward:
                first = max(first, bisect_right(places, mark))
            else:
                last = min(last, bisect_left(places, mark))
        way = range(first, last) if forward else range(last - 1, first - 1, -1)
        return self._page(
            asked, table, index, [places[number] for number in way[: asked.get("Limit", 50_000)]], len(way)
        )

    def _page(
        self, asked: dict[str, Any], table: _Table, index: str, places: list[tuple[Any, ...]], there: int
    ) -> dict[str, Any]:
        keys = {name for name in (*table.shape.key, *(table.shape.indexes[index] if index else ())) if name}
        found: list[Item] = []
        size = 0
        for place in places:
            row = table.rows[place[1:]]
            shown = {name: row[name] for name in keys} if index else row
            size += _size(shown)
            found.append(shown)
            if size >= PAGE:
                break
        self._read(size, consistent=bool(asked.get("ConsistentRead")))
        answer: dict[str, Any] = {"Count": len(found), "ScannedCount": len(found)}
        if asked.get("Select") != "COUNT":
            answer["Items"] = found
        if found and len(found) < there:
            answer["LastEvaluatedKey"] = {name: found[-1][name] for name in keys}
        return answer

    # Writes.

    def _putitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        table, item = self.tables[asked["TableName"]], asked["Item"]
        _demand(_size(item) <= LARGEST, "400 KB")
        before = table.rows.get(table.key_of(item))
        self._write(table, before, item)
        if not _allowed(asked, before):
            return _REFUSED
        table.put(item)
        return {}

    def _updateitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        table = self.tables[asked["TableName"]]
        before = table.rows.get(table.key_of(asked["Key"]))
        if not _allowed(asked, before):
            self._write(table, before, before)
            return _REFUSED
        update = Expression(
            asked["UpdateExpression"],
            asked.get("ExpressionAttributeNames", {}),
            asked.get("ExpressionAttributeValues", {}),
        )
        after = update.changed({**asked["Key"], **(before or {})})
        self._write(table, before, after)
        table.put(after)
        given = {"ALL_NEW": after, "ALL_OLD": before}.get(asked.get("ReturnValues", "NONE"))
        return {"Attributes": given} if given else {}

    def _deleteitem(self, asked: dict[str, Any]) -> dict[str, Any]:
        table = self.tables[asked["TableName"]]
        key = table.key_of(asked["Key"])
        before = table.rows.get(key)
        self._write(table, before, None)
        if not _allowed(asked, before):
            return _REFUSED
        table.drop(key)
        return {"Attributes": before} if before and asked.get("ReturnValues") == "ALL_OLD" else {}

    def _batchexecutestatement(self, asked: dict[str, Any]) -> dict[str, Any]:
        _demand(0 < len(asked["Statements"]) <= MOST_STATEMENTS, "25 statements")
        seen = set()
        answers: list[dict[str, Any]] = []
        for each in asked["Statements"]:
            table_name = each["Statement"].split('"')[1]
            table = self.tables[table_name]
            said = Statement.read(each["Statement"], each.get("Parameters", []), table.shape.key[0])
            key = table.key_of(said.key)
            _demand((said.table, key) not in seen, "one statement a row")
            seen.add((said.table, key))
            answers.append(self._execute(table, said, key))
        return {"Responses": answers}

    def _transactwriteitems(self, asked: dict[str, Any]) -> dict[str, Any]:
        """All of them, or none; twice the units of the same writes one by one."""
        _demand(len(asked["TransactItems"]) <= MOST_ACTIONS, "100 writes")
        writes = [next(iter(item.items())) for item in asked["TransactItems"]]
        before, reasons = self.write_units, []
        for verb, wish in writes:
            table = self.tables[wish["TableName"]]
            allowed = _allowed(wish, table.rows.get(table.key_of(wish["Item"] if verb == "Put" else wish["Key"])))
            reasons.append({"Code": "None" if allowed else "ConditionalCheckFailed"})
        if any(reason["Code"] != "None" for reason in reasons):
            return {**_CANCELLED, "CancellationReasons": reasons}
        for verb, wish in writes:
            if verb != "ConditionCheck":
                getattr(self, f"_{verb.lower()}item")(wish)
        self.write_units += self.write_units - before
        return {}

    def _execute(self, table: _Table, said: Statement, key: tuple[Any, ...]) -> dict[str, Any]:
        before = table.rows.get(key)
        if before is None:
            self._write(table, None, None)
            return {"TableName": said.table}
        if not said.holds(before):
            self._write(table, before, before)
            return {"TableName": said.table, "Error": {"Code": "ConditionalCheckFailed", "Message": "refused"}}
        after = None if said.deletes else {name: value for name, value in before.items() if name not in said.removes}
        self._write(table, before, after)
        if after is None:
            table.drop(key)
        else:
            table.put(after)
        return {"TableName": said.table}

    # Units.

    def _read(self, size: int, *, consistent: bool) -> None:
        self.read_units += max(1, ceil(size / _READ_UNIT)) * (1 if consistent else 0.5)

    def _write(self, table: _Table, before: Item | None, after: Item | None) -> None:
        """The row, and one for each index whose entry comes, goes or moves (two where it moves)."""
        self.write_units += max(1, ceil(max(_size(each) if each else 0 for each in (before, after)) / _UNIT))
        old = {place for place in table.places(before) if place[0][0]} if before else set()
        new = {place for place in table.places(after) if place[0][0]} if after else set()
        self.write_units += len(old ^ new)


_CANCELLED = {"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "message": "cancelled"}
_REFUSED = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "refused"}


def _demand(kept: bool, limit: str) -> None:
    if not kept:
        raise LimitError(limit)


def _allowed(asked: dict[str, Any], there: Item | None) -> bool:
    if "ConditionExpression" not in asked:
        return True
    names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
    return Expression(asked["ConditionExpression"], names, values).holds(there or {})


def _hash_of(where: Expression, name: str) -> Any:  # noqa: ANN401  # a value of DynamoDB's
    placeholder = next(short for short, full in where.names.items() if full == name)
    words = where.text.replace("(", " ").replace(")", " ").split()
    return plain(where.values[words[words.index(placeholder) + 2]])


def _span(where: Expression, name: str, places: list[tuple[Any, ...]]) -> tuple[int, int]:
    """Where the condition on the range key is true: the bounds are read off the comparison."""
    short = next((short for short, full in where.names.items() if full == name), None)
    words = where.text.replace("(", " ( ").replace(")", " ) ").replace(",", " ").split()
    if short is None or short not in words:
        return 0, len(places)
    at = words.index(short)
    if words[at - 2 : at - 1] == ["begins_with"]:
        prefix = plain(where.values[words[at + 1]])
        return bisect_left(places, (prefix,)), bisect_left(places, (prefix + chr(0x10FFFF),))
    verb, low = words[at + 1], plain(where.values[words[at + 2]])
    if verb == "BETWEEN":
        return bisect_left(places, (low,)), bisect_right(places, (plain(where.values[words[at + 4]]), chr(0x10FFFF)))
    below, above = bisect_left(places, (low,)), bisect_right(places, (low, chr(0x10FFFF)))
    return {
        "<": (0, below),
        "<=": (0, above),
        ">": (above, len(places)),
        ">=": (below, len(places)),
        "=": (below, above),
    }[verb]
