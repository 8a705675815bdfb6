"""DynamoDB's expressions, as far as our adapters write them: conditions, updates, PartiQL statements."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Item = dict[str, dict[str, Any]]
_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),]|[#:\w.\[\]]+)")
_COMPARE = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def plain(typed: Mapping[str, Any] | None) -> Any:  # noqa: ANN401  # whatever DynamoDB can hold
    """A value to compare: numbers as numbers, sets as sets."""
    if typed is None:
        return None
    ((kind, value),) = typed.items()
    if kind == "N":
        return Decimal(value)
    return frozenset(value) if kind in {"SS", "NS", "BS"} else value


@dataclass(slots=True)
class Expression:
    """One expression with what its placeholders stand for; evaluated while it is read."""

    text: str
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    _tokens: list[str] = field(default_factory=list)

    def holds(self, item: Item) -> bool:
        """Whether the condition is true of `item`."""
        self._tokens = _TOKEN.findall(self.text)
        result = self._either(item)
        if self._tokens:
            raise ValueError(self.text)
        return result

    def changed(self, item: Item) -> Item:
        """`item` after the update."""
        after = dict(item)
        for verb, rest in _clauses(self.text):
            for action in _split(rest):
                self._act(verb, action, item, after)
        return after

    def _act(self, verb: str, action: str, before: Item, after: Item) -> None:
        if verb == "REMOVE":
            after.pop(self._name(action.strip()), None)
            return
        if verb == "ADD":
            name, word = (self._name(word) for word in action.split())
            ((kind, added),) = self.values[word].items()
            if kind == "N":
                after[name] = {kind: str(Decimal(before.get(name, {kind: "0"})[kind]) + Decimal(added))}
            else:
                after[name] = {kind: sorted({*before.get(name, {kind: ()})[kind], *added})}
            return
        if verb != "SET":
            raise ValueError(verb)
        path, _, source = (part.strip() for part in action.partition("="))
        if "." in path:
            name, inner = (self._name(word) for word in path.split("."))
            after[name] = {"M": {**after[name]["M"], inner: self.values[source]}}
            return
        match = re.fullmatch(r"if_not_exists\s*\(\s*(\S+?)\s*,\s*(\S+?)\s*\)", source)
        if match:
            after[self._name(path)] = before.get(self._name(match[1])) or self.values[match[2]]
        else:
            after[self._name(path)] = self.values[source]

    def _name(self, word: str) -> str:
        return self.names.get(word, word)

    def _either(self, item: Item) -> bool:
        result = self._all(item)
        while self._tokens[:1] == ["OR"]:
            self._tokens.pop(0)
            result = self._all(item) or result
        return result

    def _all(self, item: Item) -> bool:
        result = self._one(item)
        while self._tokens[:1] == ["AND"]:
            self._tokens.pop(0)
            result = self._one(item) and result
        return result

    def _one(self, item: Item) -> bool:
        word = self._tokens.pop(0)
        if word == "NOT":
            return not self._one(item)
        if word == "(":
            result = self._either(item)
            self._expect(")")
            return result
        if word in {"attribute_exists", "attribute_not_exists", "begins_with", "contains"}:
            return self._function(word, item)
        left, verb = self._value(word, item), self._tokens.pop(0)
        if verb == "BETWEEN":
            low = self._value(self._tokens.pop(0), item)
            self._expect("AND")
            high = self._value(self._tokens.pop(0), item)
            return left is not None and low <= left <= high
        if verb == "IN":
            return left in list(self._arguments(item))
        right = self._value(self._tokens.pop(0), item)
        return left is not None and right is not None and bool(_COMPARE[verb](left, right))

    def _function(self, word: str, item: Item) -> bool:
        self._expect("(")
        name = self._name(self._tokens.pop(0))
        there = name in item
        if word.startswith("attribute"):
            self._expect(")")
            return there is (word == "attribute_exists")
        self._expect(",")
        argument = self._value(self._tokens.pop(0), item)
        self._expect(")")
        value = plain(item.get(name))
        return there and (str(value).startswith(str(argument)) if word == "begins_with" else argument in value)

    def _arguments(self, item: Item) -> Iterator[Any]:
        self._expect("(")
        while self._tokens[0] != ")":
            yield self._value(self._tokens.pop(0), item)
            if self._tokens[0] == ",":
                self._tokens.pop(0)
        self._expect(")")

    def _value(self, word: str, item: Item) -> Any:  # noqa: ANN401  # as `plain`
        return plain(self.values[word] if word.startswith(":") else item.get(self._name(word)))

    def _expect(self, token: str) -> None:
        if self._tokens.pop(0) != token:
            raise ValueError(self.text)


@dataclass(frozen=True, slots=True)
class Statement:
    """A PartiQL statement that deletes a row, or removes attributes of it, if conditions hold."""

    table: str
    deletes: bool
    removes: tuple[str, ...]
    key: Item
    conditions: tuple[tuple[str, str, Any], ...]
    """(attribute, `=` | `MISSING` | `NOT MISSING`, value)."""

    @classmethod
    def read(cls, text: str, parameters: list[dict[str, Any]], hash_key: str) -> "Statement":
        """Parameters stand for the question marks, in order."""
        match = re.fullmatch(r'\s*(DELETE FROM|UPDATE)\s+"?([\w.-]+)"?\s*(.*?)\s*WHERE\s+(.*)', text, re.DOTALL)
        if not match:
            raise ValueError(text)
        verb, table, middle, where = match.groups()
        left = list(parameters)
        conditions: list[tuple[str, str, Any]] = []
        for clause in re.split(r"\s+AND\s+", where.strip()):
            name, _, rest = clause.strip().partition(" ")
            if rest.strip() == "= ?":
                conditions.append((name.strip('"'), "=", left.pop(0)))
            else:
                conditions.append((name.strip('"'), rest.strip().removeprefix("IS "), None))
        key = {name: value for name, how, value in conditions if name == hash_key and how == "="}
        removes = tuple(name.strip('" ,') for name in re.findall(r'REMOVE\s+("?\w+"?)', middle))
        if left or not key:
            raise ValueError(text)
        rest = tuple(each for each in conditions if each[0] != hash_key)
        return cls(table, verb != "UPDATE", removes, key, rest)

    def holds(self, item: Item) -> bool:
        """Whether all conditions are true of `item`."""
        return all(_true(item, *each) for each in self.conditions)


def _true(item: Item, name: str, how: str, value: Any) -> bool:  # noqa: ANN401  # a value of DynamoDB's JSON
    if how == "=":
        return name in item and plain(item[name]) == plain(value)
    if how not in {"MISSING", "NOT MISSING"}:
        raise ValueError(how)
    return (name not in item) is (how == "MISSING")


def _clauses(text: str) -> Iterator[tuple[str, str]]:
    parts = re.split(r"\b(SET|REMOVE|ADD|DELETE)\b", text)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def _split(actions: str) -> list[str]:
    """At commas outside brackets."""
    return [part.strip() for part in re.split(r",(?![^(]*\))", actions)]
