"""The sentence for a wrong value of a form, in the citizen's language: each says what to do. Pure."""

from services.intake.form.catalogue import Field, Text
from services.intake.texts import texts_in
from shared.events.vocabulary import Language
from shared.text.texts import is_plural, plural

LEFT_EMPTY = frozenset({"missing", "not-chosen", "not-ticked"})


def message(
    slug: str, field: Field | None, language: Language, over: int = 0, other: Text | None = None
) -> str:
    """Return the sentence for one fault of one field; it never repeats what was typed.

    `slug` is a key of `wrong_values` in the texts. `over` is the number of characters too many, `other` the
    label of the field that this one conflicts with.
    """
    if field and field.missing and slug in LEFT_EMPTY:
        return field.missing.in_language(language)
    text = texts_in(language).wrong_values[slug]
    sentence: str = plural(text, language, over) if is_plural(text) else text
    if field is None:
        return sentence
    return sentence.format(
        over=over,
        other=other.in_language(language) if other else "",
        label=field.label.in_language(language),
        max_length=field.max_length,
        minimum=field.minimum,
        maximum=field.maximum,
    )
