"""A telephone number as a type that does not print itself."""

from dataclasses import dataclass

import phonenumbers

from fugace.domain.errors import InvalidNumberError


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
        if not phonenumbers.is_valid_number(number) or number.extension:
            raise InvalidNumberError
        return cls(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    @property
    def country(self) -> str:
        """The ISO 3166 region that the number's plan belongs to, '' where it is shared (+800)."""
        return phonenumbers.region_code_for_number(phonenumbers.parse(self._e164, None)) or ""

    def reveal(self) -> str:
        """The number itself: '+' and 7 to 15 digits. Each caller is on a reviewed list."""
        return self._e164

    def __repr__(self) -> str:
        return "Msisdn(***)"

    def __str__(self) -> str:
        return "***"
