"""A telephone number as a type that does not print itself."""

import re
from dataclasses import dataclass

import phonenumbers

from fugace.domain.errors import InvalidNumberError

_FICTION = re.compile(r"\+3363998\d{4}|\+447700900\d{3}")
"""Mobile numbers that regulators keep for films and examples (ARCEP 06 39 98 xx xx, Ofcom 07700 900xxx).

No plan of libphonenumber has them, and nobody owns one: they are let in so that an example works as it is written.
"""


@dataclass(frozen=True, slots=True, repr=False)
class Msisdn:
    """A valid number in E.164. Formatting, logging or comparing it never shows it; `reveal()` does."""

    _e164: str

    @classmethod
    def parse(cls, text: str) -> "Msisdn":
        """Read `+33639980001` (spaces, dots and hyphens allowed, the plus sign required).

        Raises:
            InvalidNumberError: no country code, or not a number of that country's plan.

        Source:
            ITU-T E.164; the plans are those of libphonenumber.
        """
        try:
            number = phonenumbers.parse(text, None)
        except phonenumbers.NumberParseException:
            raise InvalidNumberError from None
        # `possible` and not `valid` alone would let landlines of no plan through; extensions cannot be texted.
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        known = phonenumbers.is_valid_number(number) or _FICTION.fullmatch(e164)
        if not known or number.extension:
            raise InvalidNumberError
        return cls(e164)

    @property
    def country(self) -> str:
        """The ISO 3166 region that the number's plan belongs to, '' where it is shared (+800)."""
        number = phonenumbers.parse(self._e164, None)
        if _FICTION.fullmatch(self._e164):
            return phonenumbers.region_code_for_country_code(number.country_code or 0)
        return phonenumbers.region_code_for_number(number) or ""

    def reveal(self) -> str:
        """The number itself: '+' and 7 to 15 digits. Each caller is on a reviewed list."""
        return self._e164

    def __repr__(self) -> str:
        return "Msisdn(***)"

    def __str__(self) -> str:
        return "***"
