"""Every model that there is, from every module of `fugace.adapters.dynamo.tables`."""

import pkgutil
from importlib import import_module

from pynamodb.models import Model

from fugace.adapters.dynamo import tables
from fugace.adapters.dynamo.tables.row import Stored

MODELS: dict[str, type[Model]] = {
    name: kind
    for module in pkgutil.iter_modules(tables.__path__)
    for name, kind in vars(import_module(f"{tables.__name__}.{module.name}")).items()
    if isinstance(kind, type) and issubclass(kind, Model) and kind not in {Model, Stored}
}
"""By the name of their class."""
