"""What an operator types to a citizen is never lost.

It comes back to the same operator at the same request until it is sent.
"""

import re
import time
from html import unescape

import httpx
import pytest
from sqlalchemy import text

from services.tracker.models import TrackedRequest
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions
from tests.service.tracker.console_builders import register_tracked
from tests.service.tracker.console_client import ConsoleClient

pytestmark = pytest.mark.usefixtures("one_connection")
TYPED = "Kaksi tuntia kirjoitettu.\n<b>Hei</b> & kiitos"


def typed_in(page: str) -> str:
    """Return what stands in the box for the text to the citizen."""
    found = re.search(r'<textarea class="input" id="text"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return unescape(found[1])


@pytest.fixture
async def request_here(sessions: Sessions, keyring: Keyring, console: ConsoleClient) -> TrackedRequest:
    """Return a request that a signed-in operator has opened."""
    request = await register_tracked(sessions, keyring)
    await console.sign_in(after=f"/requests/{request.work_number}")
    return request


async def test_taking_a_request_keeps_what_is_typed(
    console: ConsoleClient, request_here: TrackedRequest
) -> None:
    page = await console.submit(f"/requests/{request_here.work_number}/take", text=TYPED)
    assert "Käsittelyssä" in page.text
    assert typed_in(page.text) == TYPED


async def test_showing_the_personal_code_keeps_what_is_typed(
    console: ConsoleClient, request_here: TrackedRequest
) -> None:
    button = re.search(r'form="acts" formaction="([^"]+/reveal)"', console.page.text)
    assert button, "the button belongs to the form that the text is in"
    refused = await console.submit(f"/requests/{request_here.work_number}/reveal", text=TYPED)
    assert (refused.status_code, typed_in(refused.text), "131052-308T" in refused.text) == (422, TYPED, False)
    page = await console.submit(f"/requests/{request_here.work_number}/reveal", text=TYPED, reason="Soitto")
    assert "131052-308T" in page.text
    assert typed_in(page.text) == TYPED


async def test_what_was_typed_while_waiting_for_the_customer_is_kept_when_the_customer_has_answered(
    console: ConsoleClient, request_here: TrackedRequest
) -> None:
    number = request_here.work_number
    await console.submit(f"/requests/{number}/take")
    waiting = await console.submit(f"/requests/{number}/ask_customer", text="Mikä lasku?")
    assert typed_in(waiting.text) == "", "what was sent is no draft any more"
    page = await console.submit(f"/requests/{number}/customer_answered", text=TYPED)
    assert "Käsittelyssä" in page.text
    assert typed_in(page.text) == TYPED


async def test_what_the_script_keeps_comes_back_in_any_tab_until_it_is_sent(
    console: ConsoleClient, request_here: TrackedRequest
) -> None:
    number = request_here.work_number
    kept = await console.submit(f"/requests/{number}/draft", text=TYPED.replace("\n", "\r\n"))
    assert kept.status_code == 204
    assert typed_in((await console.open(f"/requests/{number}")).text) == TYPED
    await console.submit(f"/requests/{number}/resolve", text=TYPED)
    page = await console.open(f"/requests/{number}")
    assert "Ratkaistu" in page.text
    assert 'id="text"' not in page.text


async def test_a_box_that_was_emptied_stays_empty(
    console: ConsoleClient, request_here: TrackedRequest
) -> None:
    number = request_here.work_number
    await console.submit(f"/requests/{number}/draft", text=TYPED)
    await console.open(f"/requests/{number}")
    await console.submit(f"/requests/{number}/draft", text=" \n")
    assert typed_in((await console.open(f"/requests/{number}")).text) == ""


async def test_a_conflict_keeps_the_text_on_the_page_and_after_it(
    sessions: Sessions, console: ConsoleClient, request_here: TrackedRequest
) -> None:
    number = request_here.work_number
    async with sessions.begin() as session:
        await session.execute(text("update requests set changed_at = changed_at + interval '1 second'"))
    page = await console.submit(f"/requests/{number}/resolve", text=TYPED)
    assert page.status_code == 409
    assert typed_in(page.text) == TYPED
    assert typed_in((await console.open(f"/requests/{number}")).text) == TYPED


async def test_another_operator_and_another_request_see_nothing_of_it(
    sessions: Sessions, keyring: Keyring, console: ConsoleClient, request_here: TrackedRequest
) -> None:
    await console.submit(f"/requests/{request_here.work_number}/draft", text=TYPED)
    other = await register_tracked(sessions, keyring)
    assert typed_in((await console.open(f"/requests/{other.work_number}")).text) == ""
    console.client.cookies.clear()
    await console.sign_in("toini", after=f"/requests/{request_here.work_number}")
    assert typed_in(console.page.text) == ""


async def test_the_store_alone_tells_nothing(
    sessions: Sessions, console: ConsoleClient, request_here: TrackedRequest
) -> None:
    await console.submit(f"/requests/{request_here.work_number}/draft", text=TYPED)
    async with sessions() as session:
        rows = (await session.execute(text("select id, box from drafts"))).all()
    assert len(rows) == 1
    assert b"kirjoitettu" not in rows[0].box
    assert request_here.request_id.bytes not in rows[0].id


async def test_a_session_that_ended_keeps_the_text_over_the_login_without_script(
    console: ConsoleClient, request_here: TrackedRequest
) -> None:
    number = request_here.work_number
    fields = next(form.fields for form in console.forms() if "seen" in form.fields)
    console.client.cookies.delete("asiointi-console")
    console.client.headers["Referer"] = f"http://tracker.test/console/requests/{number}"
    ended = await console.post(f"/console/requests/{number}/resolve", **{**fields, "text": TYPED})
    assert ended.status_code == 401
    assert "Kaksi tuntia kirjoitettu." in ended.text
    assert 'href="/console/login"' in ended.text
    page = await console.return_from_login(await console.log_in_at_identity("/login"))
    assert page.request.url.path == f"/console/requests/{number}"
    assert typed_in(page.text) == TYPED
    # It is the operator's own again: the address that it came by is not needed any more.
    await console.submit(f"/requests/{number}/draft", text=typed_in(page.text))
    assert typed_in((await console.open(f"/requests/{number}")).text) == TYPED


async def test_a_text_of_nobody_who_was_signed_in_stands_on_the_page_only(
    sessions: Sessions, console: ConsoleClient, request_here: TrackedRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = f"/console/requests/{request_here.work_number}/draft"
    fields = next(form.fields for form in console.forms() if "seen" in form.fields)
    console.client.headers["Referer"] = f"http://tracker.test/console/requests/{request_here.work_number}"
    console.client.cookies.delete("asiointi-console")
    signed_in_before = dict(console.client.cookies)
    # A forged form, a cookie that is none of ours, one that is too old, and none; the answers' own cookies
    # prove nothing.
    answers = [await console.post(to, text=TYPED, csrf="é")]
    console.client.cookies = httpx.Cookies({name: f"A{value}" for name, value in signed_in_before.items()})
    answers.append(await console.post(to, **fields, text=TYPED))
    console.client.cookies = httpx.Cookies(signed_in_before)
    with monkeypatch.context() as later:
        later.setattr(
            "services.tracker.console.earlier_sign_in.time.time", lambda now=time.time: now() + 86_401
        )
        answers.append(await console.post(to, **fields, text=TYPED))
    console.client.cookies = httpx.Cookies()
    answers += [await console.post(to, text=TYPED, csrf="x") for _ in range(3)]
    for answer in answers:
        assert answer.status_code == 401
        assert "Kaksi tuntia kirjoitettu." in answer.text
    async with sessions() as session:
        assert await session.scalar(text("select count(*) from drafts")) == 0


@pytest.mark.parametrize("found_by", ["x", "A" * 43, "é", "A" * 64])
async def test_a_made_up_address_of_a_kept_text_shows_none(
    console: ConsoleClient, request_here: TrackedRequest, found_by: str
) -> None:
    page = await console.open(f"/requests/{request_here.work_number}?typed={found_by}")
    assert page.status_code == 200
    assert typed_in(page.text) == ""


@pytest.mark.parametrize(
    ("path", "field"),
    [("/requests/{number}/resolve", "text"), ("/failed-mails/1/settle", "note"), ("/search", "words")],
)
async def test_a_forged_form_gives_back_what_was_typed(
    console: ConsoleClient, request_here: TrackedRequest, path: str, field: str
) -> None:
    page = await console.post(
        "/console" + path.format(number=request_here.work_number), csrf="x", **{field: TYPED}
    )
    assert page.status_code == 403
    assert "Kaksi tuntia kirjoitettu." in page.text
