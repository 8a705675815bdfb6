"""All places by their numbers, 1 to 37. `resources` says which of a deployment's resources belong to which."""

from collections.abc import Mapping

from fugace.datamap.beyond import BEYOND
from fugace.datamap.passing import PASSING
from fugace.datamap.place import Place
from fugace.datamap.stored import STORED

PLACES: Mapping[int, Place] = {place.number: place for place in (*STORED, *PASSING, *BEYOND)}
