"""A form is read as a browser without scripts reads it."""

import pytest

from proof.chaos.clients.form_page import find_form

PAGE = """
<form action="/haku"><input name="q"></form>
<form method="post" action="/fi/pyynto/x">
  <input type="hidden" name="token" value="a&amp;b"><input name="email" type="email" value="">
  <textarea name="text"></textarea>
  <select name="delivery"><option value="">Valitse</option><option value="kirje">Kirje</option></select>
  <input type="radio" name="kind" value="one"><input type="radio" name="kind" value="two">
  <button name="send">LÄHETÄ</button><input type="submit" name="also" value="x">
</form>"""


def test_the_form_with_a_field_is_found_with_its_hidden_values_and_choices() -> None:
    form = find_form(PAGE, "email")
    assert (form.action, form.method) == ("/fi/pyynto/x", "post")
    assert form.values == {"token": "a&b", "email": "", "text": ""}
    assert form.choices == {"delivery": ["kirje"], "kind": ["one", "two"]}


def test_a_page_without_it_is_told() -> None:
    with pytest.raises(KeyError):
        find_form(PAGE, "phone")
