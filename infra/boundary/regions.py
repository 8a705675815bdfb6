"""The Regions inside the European Union, and how one is recognized wherever it is named."""

import re

UNION = ("eu-central-1", "eu-west-1", "eu-west-3", "eu-north-1", "eu-south-1", "eu-south-2", "eusc-de-east-1")
"""As a list. Not the prefix `eu-`: London (eu-west-2) and Zurich (eu-central-2) carry it, and are outside."""

MEMBERS = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905  # as in ISO 3166
)
"""The member states, by the code of ISO 3166."""

REGION = re.compile(
    r"(?<![A-Za-z0-9])(?:us|ca|sa|ap|af|me|il|mx|cn|eu|eusc)(?:-gov|-de|-iso[a-z]?)?"
    r"-(?:central|north|south|(?:north|south)?(?:east|west))-\d+(?!\d)"
)
"""A Region's name, also within a longer one (`assets-eu-west-2`) and with an availability zone's letter behind it."""
