"""Who the citizen is, as the identity service told over the back channel."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Identity(BaseModel):
    """Facts from the bank; they win over what is typed. `bank` is its name where it is known."""

    model_config = ConfigDict(frozen=True)

    given_name: str
    family_name: str
    personal_identity_code: str
    authenticated_at: datetime
    bank: str | None = None
