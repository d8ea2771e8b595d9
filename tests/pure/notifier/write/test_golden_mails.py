"""The bytes of every mail are pinned: a change of texts, templates or dates shows which mails it reaches."""

import hashlib
from collections.abc import Mapping
from itertools import product

import pytest

from shared.events.vocabulary import LANGUAGES, TEMPLATES, Language, Template
from tests.pure.notifier.write.test_render_mail import write

PINNED: Mapping[tuple[Template, Language], str] = {
    ("receipt", "fi"): "6071c636b602300d",
    ("receipt", "sv"): "a8fe76be284c6f0e",
    ("receipt", "en"): "2ec3017ed0742b05",
    ("question", "fi"): "b9f769318834a30d",
    ("question", "sv"): "fee942a467b2e5f2",
    ("question", "en"): "d6c78e6b431c4c4f",
    ("resolution", "fi"): "617a49c108219f53",
    ("resolution", "sv"): "64956e703183c31d",
    ("resolution", "en"): "8d7c2e38b0d9dbe8",
    ("rejection", "fi"): "94f4fd853549bd84",
    ("rejection", "sv"): "fd96508b5d85885b",
    ("rejection", "en"): "ded93d7f56d8e56b",
}
"""SHA-256, 16 digits, of a mail's four forms: an answer promised or not, without a text and with one.

A change that is meant to be takes the digest that the failure prints, after a look at the mail.
"""
TEXT = "Rivi 1\n\nRivi <2> & 131052-308T"


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bytes_of_a_mail_stay_as_they_are(template: Template, language: Language) -> None:
    forms = product((True, False), ("", TEXT))
    mails = [write(template, language, promised=promised, text=text) for promised, text in forms]
    assert PINNED.get((template, language)) == hashlib.sha256(b"\0".join(mails)).hexdigest()[:16]
