"""Turns what is typed into one field into its canonical form, or refuses it. Pure.

Every pattern of `json_schema.py` must match all that is accepted here.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from stdnum.exceptions import InvalidChecksum, InvalidComponent, ValidationError
from stdnum.fi import hetu, ytunnus

from services.intake.form.catalogue import Field, Kind
from shared.text.mail_address import BadAddress, mailbox_address
from shared.text.personal_codes import holds_personal_code
from shared.text.typed_text import plain, visible

YEARS = range(1900, 2101)
PHONE_DIGITS = range(5, 16)
BORN_FROM_2000 = "ABCDEF"

NO_DASH = re.compile(r"\d{9}[0-9A-Y]")
AROUND_SEPARATOR = re.compile(r" *([./-]) *")
ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
FINNISH_DATE = re.compile(r"(\d{1,2})([./])(\d{1,2})\2(\d{4})", re.ASCII)
ISO_MONTH = re.compile(r"(\d{4})[-/](\d{1,2})", re.ASCII)
FINNISH_MONTH = re.compile(r"(\d{1,2})[/.](\d{4})", re.ASCII)
TRUNK_ZERO = re.compile(r"(?<=\d)\s*\(0\)|(?<=^\+358)\s*0|(?<=^00358)\s*0", re.ASCII)
"""The zero that is dialled inside the country only, as people write it after the country code."""
PHONE = re.compile(r"(\+|00)?[\d ().\-/]+", re.ASCII)
NUMBER = re.compile(r"\d{1,9}", re.ASCII)
BUSINESS_ID = re.compile(r"(?:FI-?)?(\d{7})-?(\d)|(\d{6})-(\d)", re.ASCII)
REAL_DOMAIN = rf"(?!({'|'.join(SPECIAL_USE_DOMAIN_NAMES)})$)[a-z]{{2,24}}"
PLAIN_ADDRESS = re.compile(
    rf"[\w+-]+(\.[\w+-]+)*@([a-z0-9]+(-[a-z0-9]+)*\.)+{REAL_DOMAIN}", re.ASCII | re.IGNORECASE
)
PLAIN_ADDRESS_LENGTH = 64  # no part of it can be too long then
WRITTEN = frozenset({"text", "textarea", "email", "choice", "checkbox"})
PICKED = frozenset({"choice", "checkbox"})
MAY_HOLD_PERSONAL_CODE = frozenset({"personal_identity_code", "textarea"})
"""Kinds that may contain a henkilötunnus.

Its own field, and free text, where it is masked wherever it is shown.
"""
NAMES = frozenset({"first_name", "last_name"})


class Wrong(Exception):
    """The value is invalid for its field.

    `slug` is a key of `wrong_values` in the texts, `over` the number of characters too many.
    """

    def __init__(self, slug: str, over: int = 0) -> None:
        super().__init__(slug)
        self.slug = slug
        self.over = over


def clean_value(field: Field, typed: str) -> str:
    """Return the canonical form of a value, `""` if it is empty; raises `Wrong`."""
    value = typed.strip() if field.kind in PICKED else visible(typed, lines=field.kind == "textarea")
    if field.kind not in WRITTEN:
        value = plain(value)
    over = len(value) - field.max_length
    if over > 0 and field.kind in WRITTEN:
        raise Wrong("too-long", over)
    if (
        field.kind not in MAY_HOLD_PERSONAL_CODE
        and holds_personal_code(value)
        and not _is_phone_number(field, value)
    ):
        raise Wrong("hetu-elsewhere")
    # A kind with a fixed form gets the error about that form first, however long the value is.
    cleaned = CLEANERS[field.kind](field, value) if value else ""
    if over > 0:
        raise Wrong("too-long", over)
    return cleaned


def _is_phone_number(field: Field, value: str) -> bool:
    """True if digits that look like a henkilötunnus are a phone number, such as `040 123-4567`."""
    return field.kind == "phone" and value.startswith(("0", "+"))


def _text(field: Field, value: str) -> str:
    if field.name in NAMES and not any(character.isalpha() for character in value):
        raise Wrong("no-letter")
    return value


def canonical_email(typed: str) -> str:
    """Return the stored form of an address: trimmed, domain in ASCII. What is no address is only trimmed."""
    value = visible(typed)
    try:
        return _address(value)
    except EmailNotValidError:
        return value


def _address(value: str) -> str:
    # The library takes 40 µs, a tenth of a whole submission, so ordinary addresses are recognised here.
    if len(value) <= PLAIN_ADDRESS_LENGTH and PLAIN_ADDRESS.fullmatch(value):
        local, _, domain = value.partition("@")
        return f"{local}@{domain.lower()}"
    # Mail servers need not support SMTPUTF8, so only the domain may be non-ASCII; it is kept in ASCII form.
    address = str(validate_email(value, check_deliverability=False, allow_smtputf8=False).ascii_email)
    try:
        mailbox_address(address)
    except BadAddress as error:
        raise EmailNotValidError(str(error)) from None
    return address


def _email(_: Field, value: str) -> str:
    try:
        return _address(value)
    except EmailNotValidError:
        local, at, _rest = value.partition("@")
        foreign = at and any(character.isalpha() and not character.isascii() for character in local)
        raise Wrong("email-letters" if foreign else "email") from None


def _phone(_: Field, value: str) -> str:
    if not PHONE.fullmatch(value):
        raise Wrong("phone")
    international = value.startswith(("+", "00"))
    number = TRUNK_ZERO.sub("", value) if international else value
    digits = "".join(character for character in number if character.isdigit())
    if number.startswith("00"):
        digits = digits[2:]
    if len(digits) not in PHONE_DIGITS or not digits.strip("0") or (international and digits.startswith("0")):
        raise Wrong(
            "phone-incomplete"
            if len(digits) < PHONE_DIGITS.start and any(character.isdigit() for character in value)
            else "phone"
        )
    return ("+" if international else "") + digits


def _personal_identity_code(_: Field, value: str) -> str:
    code = value.replace(" ", "")
    if not code.isascii():
        raise Wrong("hetu-form")
    code = code.upper()
    try:
        # Temporary codes (900–999) are accepted: payroll gives them to people who have no other yet, and
        # the banks' test customers have them.
        known = str(hetu.validate(code, allow_temporary=True))
    except InvalidChecksum:
        raise Wrong("hetu-check") from None
    except InvalidComponent:
        raise Wrong("hetu-date") from None
    except ValidationError:
        raise Wrong("hetu-dash" if NO_DASH.fullmatch(code) else "hetu-form") from None
    if (
        known[6] in BORN_FROM_2000
        and date(2000 + int(known[4:6]), int(known[2:4]), int(known[:2])) > _today()
    ):
        raise Wrong("hetu-future")
    return known


def _today() -> date:
    # The latest date on earth, so that nobody is refused on the day of their birth.
    return datetime.now(timezone(timedelta(hours=14))).date()


def _business_id(_: Field, value: str) -> str:
    bare = value.replace(" ", "")
    match = BUSINESS_ID.fullmatch(bare.upper()) if bare.isascii() else None
    if match is None:
        raise Wrong("business-id-form")
    try:
        # Old numbers have six digits; today a zero is written in front.
        return str(ytunnus.format(ytunnus.validate("".join(filter(None, match.groups())).zfill(8))))
    except InvalidChecksum:
        raise Wrong("business-id-check") from None
    except ValidationError:
        raise Wrong("business-id-form") from None


def _date(_: Field, value: str) -> str:
    bare = AROUND_SEPARATOR.sub(r"\1", value)
    if match := ISO_DATE.fullmatch(bare):
        year, month, day = map(int, match.groups())
    elif match := FINNISH_DATE.fullmatch(bare):
        day, month, year = map(int, match.group(1, 3, 4))
    else:
        raise Wrong("date")
    try:
        moment = date(year, month, day)
    except ValueError:
        raise Wrong("no-such-day" if year in YEARS else "no-such-year") from None
    if year not in YEARS:
        raise Wrong("no-such-year")
    return moment.isoformat()


def _month(_: Field, value: str) -> str:
    bare = AROUND_SEPARATOR.sub(r"\1", value)
    if match := ISO_MONTH.fullmatch(bare):
        year, month = map(int, match.groups())
    elif match := FINNISH_MONTH.fullmatch(bare):
        month, year = map(int, match.groups())
    else:
        raise Wrong("month")
    if not 1 <= month <= 12:  # noqa: PLR2004  months of a year
        raise Wrong("month")
    if year not in YEARS:
        raise Wrong("no-such-year")
    return f"{year:04d}-{month:02d}"


def _choice(field: Field, value: str) -> str:
    if all(choice.value != value for choice in field.choices):
        raise Wrong("choice")
    return value


def _number(field: Field, value: str) -> str:
    if not NUMBER.fullmatch(value) or not field.minimum <= int(value) <= field.maximum:
        raise Wrong("number")
    return str(int(value))


def _checkbox(_: Field, value: str) -> str:
    if value not in {"true", "false"}:
        raise Wrong("checkbox")
    return value


CLEANERS: dict[Kind, Callable[[Field, str], str]] = {
    "text": _text,
    "textarea": _text,
    "email": _email,
    "phone": _phone,
    "personal_identity_code": _personal_identity_code,
    "business_id": _business_id,
    "date": _date,
    "month": _month,
    "choice": _choice,
    "number": _number,
    "checkbox": _checkbox,
}
