"""Whatever pydantic finds is told in our words, by the field's own name, without what was typed."""

from typing import Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core._pydantic_core import (
    list_all_errors,
)  # no public name leads to the list of every fault there is

from shared.web.validation_messages import SENTENCES, WRONG, field_of, sentence_for

KNOWN = list_all_errors()


@pytest.mark.parametrize("kind", [each["type"] for each in KNOWN])
def test_no_fault_speaks_pydantics_language(kind: str) -> None:
    (described,) = (each for each in KNOWN if each["type"] == kind)
    said = sentence_for(
        {
            "type": kind,
            "loc": ("query", "limit"),
            "msg": described["example_message_python"],
            "ctx": described["example_context"] or {},
        }
    )
    assert said != described["example_message_python"]
    assert not {"Input should", "{"} & {said[:12], *said}


def test_every_sentence_is_of_a_fault_that_exists() -> None:
    assert set(SENTENCES) <= {each["type"] for each in KNOWN}


class Question(BaseModel):
    """Something to get wrong."""

    state: str = Field(max_length=3)
    limit: int = Field(5, ge=1, le=9)
    parts: dict[str, str] = {}

    @model_validator(mode="after")
    def _whole(self) -> "Question":
        if self.limit == self.state.count("x"):
            raise ValueError("give another state")
        return self


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({}, "state", "This is missing"),
        ({"state": "secret"}, "state", "Give at most 3 characters"),
        ({"state": "a", "limit": 10}, "limit", "Give 9 or less"),
        ({"state": "a", "parts": {"phone": 1}}, "parts.phone", "Give this as a string"),
        ({"state": "xx", "limit": 2}, "body", "Give another state"),
        ([], "body", "Give this as a JSON object"),
    ],
)
def test_a_fault_names_its_field_and_what_to_give(asked: Any, field: str, said: str) -> None:  # noqa: ANN401  whatever JSON holds
    with pytest.raises(ValidationError) as found:
        TypeAdapter(Question).validate_python(asked)
    (fault,) = found.value.errors()
    for place in ((), ("body",)):
        told = {**fault, "loc": (*place, *fault["loc"])}
        assert (field_of(told), sentence_for(told)) == (field, said)
    assert "secret" not in sentence_for(fault)


def test_a_body_that_is_no_json_is_named_as_such_and_an_unknown_fault_still_has_words() -> None:
    broken = {
        "type": "json_invalid",
        "loc": ("body", 17),
        "msg": "JSON decode error",
        "ctx": {"error": "Expecting value"},
    }
    assert (field_of(broken), sentence_for(broken)) == ("body", "The body is not JSON")
    assert sentence_for({"type": "new_in_pydantic", "loc": ("query", "q"), "msg": "?"}) == WRONG
