"""The JSON Schema of every form: its example is accepted, and whatever breaks it is refused."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from services.intake.form.catalogue import Service
from services.intake.form.clean_values import WRITTEN
from services.intake.form.json_schema import form_schema
from services.intake.form.load_catalogue import load_catalogue
from services.intake.form.validate_form import FormErrors, validate_form
from shared.events.vocabulary import LANGUAGES, Language
from shared.text.typed_text import plain, visible

SERVICES = load_catalogue().services


def example_of(service: Service) -> dict[str, str]:
    return {field.name: field.sample for field in service.fields}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.code)
def test_the_schema_is_one_and_its_example_is_accepted_as_it_stands(
    service: Service, language: Language
) -> None:
    schema = form_schema(service, language)
    Draft202012Validator.check_schema(schema)
    (example,) = schema["examples"]
    Draft202012Validator(schema).validate(example)
    assert set(validate_form(service, example, language, None).values) == set(example)
    assert schema["properties"]["email"]["title"] == service.by_name["email"].label.in_language(language)


def as_seen(service: Service, name: str, value: str) -> str:
    field = service.by_name.get(name)
    if field is None:
        return value
    return visible(value, lines=field.kind == "textarea") if field.kind in WRITTEN else plain(value)


TYPED = (
    st.text(max_size=30)
    | st.text("0123456789.-/+ –aAxXtT()@", max_size=16)
    | st.sampled_from(["", " ", "\t", "true", "false", "x" * 5000])
)


@given(service=st.sampled_from(SERVICES), data=st.data())
def test_whatever_breaks_the_schema_is_refused(service: Service, data: st.DataObject) -> None:
    schema = form_schema(service, "en")
    form = example_of(service)
    change = data.draw(st.sampled_from(["value", "value", "value", "leave out", "add", "bend"]))
    name = data.draw(st.sampled_from(sorted(form)))
    if change == "leave out":
        del form[name]
    elif change == "add":
        form[data.draw(st.text(min_size=1, max_size=10))] = "x"
    elif change == "bend":
        place = data.draw(st.integers(0, len(form[name])))
        form[name] = (
            form[name][:place]
            + data.draw(st.characters())
            + form[name][place + data.draw(st.integers(0, 1)) :]
        )
    else:
        form[name] = data.draw(TYPED)
    assume(
        not Draft202012Validator(schema).is_valid(
            {name: as_seen(service, name, value) for name, value in form.items()}
        )
    )
    # What the bank tells may be left out of a strong form; without a bank it may not.
    with pytest.raises(FormErrors):
        validate_form(service, form, "en", None)


def test_every_field_of_every_form_has_a_limit_that_the_schema_tells() -> None:
    for service in SERVICES:
        properties = form_schema(service, "fi")["properties"]
        assert all(properties[field.name]["maxLength"] == field.max_length for field in service.fields)
        assert all(
            properties[field.name]["enum"] for field in service.fields if field.kind in {"choice", "checkbox"}
        )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.code)
def test_a_fields_description_is_whole_sentences(service: Service, language: Language) -> None:
    properties = form_schema(service, language)["properties"]
    for field in service.fields:
        texts = [text.in_language(language) for text in (field.hint, field.info) if text]
        assert ("description" in properties[field.name]) == bool(texts)
        described = properties[field.name].get("description", "")
        for text in texts:
            assert re.search(rf"{re.escape(text.rstrip('.?!'))}[.?!]( |$)", described), described
        assert not re.search(r"[.?!]{2}", described)
