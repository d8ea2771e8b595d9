"""The form as intake sealed it: who asks, and what they answered."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from shared.events.rejected import Rejected
from shared.text.kept_text import KeptText

MAX_BYTES = 200_000


Short = Annotated[KeptText, StringConstraints(max_length=300)]
Long = Annotated[KeptText, StringConstraints(max_length=20_000)]


class Person(BaseModel):
    """Who asks."""

    model_config = ConfigDict(frozen=True)

    first_name: Short
    last_name: Short
    email: Short
    phone: Short = ""
    personal_identity_code: Short | None = None
    business_id: Short | None = None


class Answer(BaseModel):
    """One field of the service's own, labelled in Finnish for the handler."""

    model_config = ConfigDict(frozen=True)

    field: Short
    label: Short
    value: Long


class SubmittedForm(BaseModel):
    """What intake seals to tracker with the purpose `form`."""

    model_config = ConfigDict(frozen=True)

    person: Person
    answers: list[Answer] = []

    def answers_json(self) -> str:
        """Write the answers as JSON."""
        return (
            self.__pydantic_serializer__.to_json(self, include={"answers"})
            .decode()
            .removeprefix('{"answers":')
            .removesuffix("}")
        )


def read_form(plaintext: bytes) -> SubmittedForm:
    """Read an opened form.

    Raises `Rejected` (`bad-form`) naming the fields that are wrong, never what they hold.
    """
    if len(plaintext) > MAX_BYTES:
        raise Rejected("bad-form", "too long")
    try:
        return SubmittedForm.model_validate_json(plaintext)
    except ValidationError as error:
        fields = sorted(
            {
                ".".join(map(str, fault["loc"])) or "form"
                for fault in error.errors(include_input=False, include_context=False)
            }
        )
        raise Rejected("bad-form", ", ".join(fields)[:500]) from None
