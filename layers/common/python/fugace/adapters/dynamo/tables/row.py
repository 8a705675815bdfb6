"""One declaration per attribute, each with its entry in the map, and nothing else is ever written.

Keys here and in infra/ agree; a test compares them. Stored names are those of the entries: short where a name would
otherwise make a usual message cost two write units.
"""

from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.indexes import Index
from pynamodb.models import Model

from fugace.adapters.dynamo.attributes import Declared
from fugace.datamap.entry import Row


class Stored(Model):
    """A row that does not print what is in it, and of which the map knows every attribute (I3)."""

    def __init_subclass__(cls, **options: Any) -> None:  # noqa: ANN401  # PynamoDB's options, passed on
        super().__init_subclass__(**options)
        found = dict(vars(cls))
        for index in [each for each in found.values() if isinstance(each, Index)]:
            found |= {f"{index.Meta.index_name}: {name}": each for name, each in index.Meta.attributes.items()}
        rows = {_entered(cls, name, each) for name, each in found.items() if isinstance(each, Attribute)}
        if len(rows) > 1:
            sentence = f"{cls.__name__} is declared with entries of {', '.join(sorted(row.name for row in rows))}"
            raise TypeError(sentence)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


def _entered(cls: type, name: str, attribute: Attribute[Any]) -> Row:
    if not isinstance(attribute, Declared):
        sentence = f"{cls.__name__}.{name} has no entry in the personal-data map"
        raise TypeError(sentence)
    return attribute.entry.row
