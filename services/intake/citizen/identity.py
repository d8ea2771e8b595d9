"""The citizen's identity from the claims of the identity service, and the checks that prove it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.auth.personal_identity_code import CLAIM, is_plain_code

CLOCK_SKEW = timedelta(minutes=5)


class Identity(BaseModel):
    """What the bank says about a person; it overrides what is typed. `bank` is the bank's name, if known."""

    model_config = ConfigDict(frozen=True)

    given_name: str
    family_name: str
    personal_identity_code: str
    authenticated_at: datetime
    bank: str | None = None


class NotProven(ValueError):
    """The claims prove no identity; `str()` names the claim that failed, never its value."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof that we require.

    The `acr` must be one of `strong`. With `within`, the sign-in must not be older than that.
    """

    strong: tuple[str, ...]
    within: timedelta | None = None

    def asked(self) -> dict[str, str]:
        """Return the parameters of an authorization request that ask for such a proof."""
        freshly = {} if self.within is None else {"max_age": f"{self.within.total_seconds():.0f}"}
        return {"acr_values": " ".join(self.strong), **freshly}

    def identity_from(self, claims: Mapping[str, Any]) -> Identity:
        """Return the person from the claims of an ID token or of `/userinfo`; raises `NotProven`."""
        if claims.get("acr") not in self.strong:
            raise NotProven("acr")
        codes = {
            claims[name] for name in (CLAIM, "personal_identity_code") if isinstance(claims.get(name), str)
        }
        if len(codes) != 1 or not is_plain_code(code := codes.pop()):
            raise NotProven("personal_identity_code")
        facts = {name: claims.get(name) or "" for name in ("given_name", "family_name")} | {
            "bank": claims.get("bank") or None
        }
        proven = {"personal_identity_code": code, "authenticated_at": self._when(claims.get("auth_time"))}
        try:
            return Identity.model_validate(facts | proven)
        except ValueError as error:
            raise NotProven("name or bank") from error

    def _when(self, auth_time: object) -> datetime:
        now = datetime.now(UTC)
        if auth_time is None and self.within is None:
            return now
        try:
            at = datetime.fromtimestamp(float(str(auth_time)), UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise NotProven("auth_time") from error
        if at > now + CLOCK_SKEW or (self.within is not None and at < now - self.within - CLOCK_SKEW):
            raise NotProven("auth_time")
        return at
