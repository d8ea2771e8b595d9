"""Loads the banks of `banks.yaml`: keys and identifiers, and the demo customers of simulated banks."""

from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, TypeAdapter, model_validator

from services.identity.tupas import Keys
from shared.auth.personal_identity_code import is_plain_code
from shared.demonstration import Demonstration, refuse_unless_allowed

FILE = Path(__file__).parent / "banks.yaml"
HEX_COLOUR = "^#[0-9a-f]{6}$"


class Colours(BaseModel):
    """The colours of a bank's pages and of its button."""

    model_config = ConfigDict(frozen=True)

    action: str = Field(pattern=HEX_COLOUR)
    strong: str = Field(pattern=HEX_COLOUR)
    link_in_dark: str = Field(pattern=HEX_COLOUR)


class Customer(BaseModel):
    """A demo customer; without a `code` any four digits do, `answer` is the CUSTTYPE of the answer."""

    model_config = ConfigDict(frozen=True)

    user_id: str
    password: str
    code: str | None
    name: str
    personal_identity_code: str | None = None
    answer: Literal["01", "10"] = "01"

    @model_validator(mode="after")
    def _has_code_if_identified(self) -> "Customer":
        if self.answer == "01" and not is_plain_code(self.personal_identity_code):
            raise ValueError(f"customer {self.user_id} has no valid henkilötunnus")
        return self


class BankAgreement(BaseModel):
    """What an installation agreed on with a bank.

    `keys` are by KEYVERS, `service_provider` is the installation's name at the bank, and `url` is the address
    that requests are sent to. A bank without `url` is simulated.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    keys: dict[
        Annotated[str, StringConstraints(pattern="^[0-9]{4}$")], Annotated[SecretStr, Field(min_length=1)]
    ] = Field(min_length=1)
    service_provider: str | None = Field(default=None, min_length=1)
    url: str | None = Field(default=None, pattern="^https://")


class Bank(BaseModel):
    """One bank and the agreement with it; each allowed `idtype` asks for a plain henkilötunnus."""

    model_config = ConfigDict(frozen=True, ignored_types=(cached_property,))

    code: str = Field(pattern="^[a-z-]+$")
    name: str
    number: str = Field(pattern="^[0-9]{3}$")
    version: str = Field(pattern="^[0-9]{4}$")
    service_provider: str
    key_by_version: dict[str, str] = Field(alias="keys", repr=False)
    idtype: Literal["02", "12", "32"] = "02"
    answers_by: Literal["get", "post"] = "get"
    short: bool = False
    url: str | None = None
    colours: Colours
    customers: tuple[Customer, ...]

    @cached_property
    def keys(self) -> Keys:
        """The keys with which both sides make and check MACs."""
        return Keys(self.key_by_version)

    @property
    def key_version(self) -> str:
        """The newest key version, which is used for new messages."""
        return max(self.key_by_version)

    def find_customer(self, user_id: str) -> Customer | None:
        """Return the demo customer with a user id, or None."""
        return next((customer for customer in self.customers if customer.user_id == user_id), None)


def load_banks() -> dict[str, Bank]:
    """Return the banks by code, in the file's order; `ValueError` when a field is missing or a key empty."""
    banks = TypeAdapter(list[Bank]).validate_python(yaml.safe_load(FILE.read_text("utf-8")))
    if not all(bank.keys.by_version for bank in banks):
        raise ValueError("a bank has no key")
    return {bank.code: bank for bank in banks}


def choose_banks(
    agreements: Mapping[str, BankAgreement], allowed: Collection[Demonstration]
) -> dict[str, Bank]:
    """Return the banks that citizens can choose: those agreed on, and in a demonstration all others too.

    The others use the example keys that the banks have published. Raises `ValueError` when an agreement names
    a bank that `banks.yaml` does not have, or needs a demonstration feature that is not allowed.
    """
    known = load_banks()
    published = {key for bank in known.values() for key in bank.key_by_version.values()}
    if unknown := sorted(set(agreements) - set(known)):
        raise ValueError(f"{', '.join(unknown)}: known are {', '.join(known)}")
    for code, agreement in agreements.items():
        if published & {key.get_secret_value() for key in agreement.keys.values()}:
            refuse_unless_allowed(Demonstration.PUBLISHED_BANK_KEYS, allowed, f"a key of {code}")
        if agreement.url is None:
            refuse_unless_allowed(Demonstration.SIMULATED_BANKS, allowed, f"{code} (it has no url)")
    simulated = {Demonstration.SIMULATED_BANKS, Demonstration.PUBLISHED_BANK_KEYS} <= set(allowed)
    return {
        code: _agreed(bank, agreements.get(code))
        for code, bank in known.items()
        if code in agreements or simulated
    }


def _agreed(bank: Bank, agreement: BankAgreement | None) -> Bank:
    if agreement is None:
        return bank
    keys = {version: key.get_secret_value() for version, key in agreement.keys.items()}
    provider = agreement.service_provider or bank.service_provider
    # Not `model_copy`: it would copy the cached `keys`, which hold the published ones.
    return Bank.model_validate(
        {**bank.model_dump(by_alias=True), "keys": keys, "service_provider": provider, "url": agreement.url}
    )


def colour_sheet(banks: dict[str, Bank]) -> str:
    """Return the style sheet with the colours of every bank."""
    rules = []
    for bank in banks.values():
        colours = bank.colours
        light = (
            f"--action: {colours.action}; --action-strong: {colours.strong}; "
            f"--panel: {colours.strong}; --bank: {colours.action}"
        )
        rules += [f".bank-{bank.code} {{ {light}; --link: {colours.action}; }}"]
        dark = f".bank-{bank.code} {{ --link: {colours.link_in_dark}; }}"
        rules += [f"@media (prefers-color-scheme: dark) {{ {dark} }}"]
    return "\n".join(rules) + "\n"
