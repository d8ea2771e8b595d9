"""Numbers and codes of a text stay in one line, and nothing else of it changes."""

import pytest
from markupsafe import Markup

from shared.look.look import unbroken


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Soita 040 123 4567.", 'Soita <span class="nowrap">040 123 4567</span>.'),
        ("other people's data", "other people&#39;s data"),
        ('"a" & <b> 12', '&#34;a&#34; &amp; &lt;b&gt; <span class="nowrap">12</span>'),
        (Markup('<a href="/x12">12 kpl</a>'), '<a href="/x12"><span class="nowrap">12</span> kpl</a>'),
        (Markup("the company&#39;s 15"), 'the company&#39;s <span class="nowrap">15</span>'),
    ],
)
def test_only_numbers_of_the_text_itself_are_marked(text: str, shown: str) -> None:
    assert unbroken(text) == shown
