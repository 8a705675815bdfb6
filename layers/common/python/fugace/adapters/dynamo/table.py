"""Requests to one table: PynamoDB's expressions and models, on the one client of the process.

PynamoDB's own `Model.save()` and its like open a session and a client per
model, and drop what DynamoDB answers to a refused condition. Its `Connection`
under them does neither, once it is given our client.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from pynamodb.connection.base import Connection, MetaTable
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from fugace.adapters.dynamo.transactions import TransactItem
from fugace.adapters.faults import Asking, answer_of, code_of
from fugace.adapters.session import Aws
from fugace.domain.errors import UnavailableError

M = TypeVar("M", bound=Model)
Raw = dict[str, dict[str, Any]]
"""An item as DynamoDB's JSON has it."""

_BATCH = 100
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each further attempt at the keys that a batch left unread."""


class ConditionFailedError(Exception):
    """The condition of a write did not hold, so nothing was written."""

    def __init__(self, there: Raw | None) -> None:
        super().__init__("condition failed")
        self.there = there
        """What was there instead, where DynamoDB said so."""


class _Connection(Connection):
    """PynamoDB's connection on a client of ours."""

    def __init__(self, aws: Aws) -> None:
        super().__init__(region=aws.region)
        self._aws = aws

    @property
    def client(self) -> Any:  # noqa: ANN401  # the SDK makes a client's methods while it runs
        """The client of the process, where PynamoDB would make a session per thread and a client per model."""
        return self._aws.client("dynamodb")


class Table(Generic[M]):
    """A table as one kind of row in it sees it."""

    def __init__(self, aws: Aws, name: str, model: type[M]) -> None:
        self.name = name
        self._model = model
        self._connection = _Connection(aws)
        schema = model._get_schema()  # noqa: SLF001  # what Model's own requests use; PynamoDB is pinned
        self._connection.add_meta_table(
            MetaTable(
                {
                    "TableName": name,
                    "KeySchema": schema["key_schema"],
                    "AttributeDefinitions": schema["attribute_definitions"],
                    "GlobalSecondaryIndexes": [
                        {"IndexName": index["index_name"], "KeySchema": index["key_schema"]}
                        for index in schema["global_secondary_indexes"]
                    ],
                }
            )
        )

    def read(self, raw: Raw) -> M:
        """A row of the model."""
        return self._model.from_raw_data(raw)

    def get(self, hash_key: str, range_key: str | None = None) -> M | None:
        """A consistent read."""
        kwargs = self._connection.get_operation_kwargs(self.name, hash_key, range_key, consistent_read=True)
        answer = self._ask("GetItem", kwargs)
        return self.read(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[str], *, consistent: bool = False) -> list[M]:
        """Those that are there, in any order, 100 a request; for tables without a range key."""
        field = self._connection.get_meta_table(self.name).hash_keyname
        return [*map(self.read, self._get_all([{field: {"S": key}} for key in dict.fromkeys(keys)], consistent))]

    def get_rows(self, keys: Sequence[tuple[str, str]], *, consistent: bool = False) -> list[Raw]:
        """The same by hash and range key, as they are: rows of more than one model."""
        names = self._connection.get_meta_table(self.name)
        fields = (names.hash_keyname, names.range_keyname)
        asked: list[dict[Any, Any]] = [dict(zip(fields, ({"S": word} for word in key), strict=True)) for key in keys]
        return self._get_all(asked, consistent)

    def _get_all(self, waiting: list[dict[Any, Any]], consistent: bool) -> list[Raw]:
        found: list[Raw] = []
        pauses: Iterator[float] = iter(_PAUSES)
        while waiting:
            batch, waiting = waiting[:_BATCH], waiting[_BATCH:]
            request = {self.name: {"Keys": batch, "ConsistentRead": consistent}}
            answer = self._ask("BatchGetItem", {"RequestItems": request})
            found += answer["Responses"].get(self.name, [])
            left = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            if left:
                waiting += left
                _pause(pauses)
        return found

    def put(self, item: M, only_if: Condition | None = None) -> None:
        """Write a whole row. Raises ConditionFailedError."""
        self._ask("PutItem", self._put(item, only_if, "ALL_OLD" if only_if is not None else None))

    def _put(self, item: M, only_if: Condition | None, on_failure: str | None = None) -> dict[str, Any]:
        raw = item.serialize()
        names = self._connection.get_meta_table(self.name)
        (hash_key,) = raw.pop(names.hash_keyname).values()
        (range_key,) = raw.pop(names.range_keyname).values() if names.range_keyname else (None,)
        return self._connection.get_operation_kwargs(
            self.name,
            hash_key,
            range_key,
            key="Item",
            attributes=raw,
            condition=only_if,
            return_values_on_condition_failure=on_failure,
        )

    def update(
        self,
        hash_key: str,
        range_key: str | None = None,
        *,
        actions: Sequence[Action],
        only_if: Condition | None = None,
        give: str = "ALL_NEW",
        show_refusal: bool = False,
    ) -> M | None:
        """Change a row; give it as it is after (`ALL_NEW`) or was before (`ALL_OLD`).

        Raises:
            ConditionFailedError: it says what was there where `show_refusal` asks for that.

        Source:
            Amazon DynamoDB API reference, UpdateItem: ReturnValuesOnConditionCheckFailure consumes no read capacity.
        """
        kwargs = self._connection.get_operation_kwargs(
            self.name,
            hash_key,
            range_key,
            actions=actions,
            condition=only_if,
            return_values=give,
            return_values_on_condition_failure="ALL_OLD" if show_refusal else None,
        )
        answer = self._ask("UpdateItem", kwargs)
        return self.read(answer["Attributes"]) if "Attributes" in answer else None

    def delete(self, hash_key: str, range_key: str | None = None, *, only_if: Condition | None = None) -> bool:
        """Whether there was one. Raises ConditionFailedError."""
        kwargs = self._connection.get_operation_kwargs(
            self.name, hash_key, range_key, condition=only_if, return_values="ALL_OLD"
        )
        return "Attributes" in self._ask("DeleteItem", kwargs)

    # What a transaction does: the same writes, made for `transactions.transact`. A range key is text, numbers too.

    def put_write(self, item: M, only_if: Condition | None = None) -> TransactItem:
        """Write a whole row."""
        return {"Put": self._put(item, only_if)}

    def update_write(
        self,
        hash_key: str,
        range_key: str | None = None,
        *,
        actions: Sequence[Action],
        only_if: Condition | None = None,
    ) -> TransactItem:
        """Change a row."""
        kwargs = self._connection.get_operation_kwargs(
            self.name, hash_key, range_key, actions=actions, condition=only_if
        )
        return {"Update": kwargs}

    def delete_write(
        self, hash_key: str, range_key: str | None = None, *, only_if: Condition | None = None
    ) -> TransactItem:
        """Delete a row."""
        return {"Delete": self._connection.get_operation_kwargs(self.name, hash_key, range_key, condition=only_if)}

    def check_write(self, hash_key: str, range_key: str | None = None, *, only_if: Condition) -> TransactItem:
        """Write nothing, but let the transaction fail where the condition does not hold."""
        kwargs = self._connection.get_operation_kwargs(self.name, hash_key, range_key, condition=only_if)
        return {"ConditionCheck": kwargs}

    def query(
        self,
        hash_key: str,
        within: Condition | None = None,
        *,
        index: str | None = None,
        newest_first: bool = False,
        after: Raw | None = None,
        limit: int | None = None,
        consistent: bool = False,
    ) -> Iterator[M]:
        """Rows of one partition by range key, page after page, at most `limit`."""
        left = limit
        while left is None or left > 0:
            with Asking():
                page = self._connection.query(
                    self.name,
                    hash_key,
                    range_key_condition=within,
                    index_name=index,
                    scan_index_forward=not newest_first,
                    exclusive_start_key=after,
                    limit=left,
                    consistent_read=consistent,
                )
            yield from map(self.read, page["Items"])
            left = None if left is None else left - len(page["Items"])
            after = page.get("LastEvaluatedKey")
            if not after:
                return

    def count(self, hash_key: str, within: Condition, *, index: str, most: int) -> int:
        """How many rows of one partition there are, page after page; none further once there are `most`."""
        found, after = 0, None
        while found < most:
            with Asking():
                page = self._connection.query(
                    self.name,
                    hash_key,
                    range_key_condition=within,
                    index_name=index,
                    exclusive_start_key=after,
                    limit=most - found,
                    select="COUNT",
                )
            found += page["Count"]
            after = page.get("LastEvaluatedKey")
            if not after:
                break
        return found

    def scan(self, only: Condition) -> Iterator[M]:
        """Every row of the table for which `only` holds: an operator's question."""
        after: Any = None
        while True:
            with Asking():
                page = self._connection.scan(self.name, filter_condition=only, exclusive_start_key=after)
            yield from map(self.read, page["Items"])
            after = page.get("LastEvaluatedKey")
            if not after:
                return

    def _ask(self, operation: str, kwargs: dict[str, Any]) -> Mapping[str, Any]:
        try:
            with Asking():
                return self._connection.dispatch(operation, kwargs)
        except UnavailableError:
            raise
        except Exception as error:
            if code_of(error) == "ConditionalCheckFailedException":
                answer = answer_of(error)
                raise ConditionFailedError(answer.response.get("Item") if answer else None) from None
            raise


def _pause(pauses: Iterator[float]) -> None:
    seconds = next(pauses, None)
    if seconds is None:
        raise UnavailableError
    time.sleep(seconds)
