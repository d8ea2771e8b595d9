"""Staff log in by name and password; guessing is slowed down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, text, update
from sqlmodel import col, select

from services.identity.app import create_app
from services.identity.keys import digest
from services.identity.models import Staff, Throttle
from services.identity.settings import StaffAccount
from shared.auth.authorize import TokenVerifier
from tests.eventually import eventually
from tests.service.identity.conftest import CONSOLE_CALLBACK, Running, settings_for
from tests.service.identity.http_browser import Forms, HttpBrowser, query_parameters

CONSOLE = {
    "client_id": "console",
    "redirect_uri": CONSOLE_CALLBACK,
    "scope": "openid profile operate requests:write",
}


@pytest.fixture(autouse=True)
async def _nothing_failed_before(identity: Running) -> None:
    """All tests come from one address; a try of the test before that nobody waited for is let to its end."""
    async with identity.sessions() as session, session.begin():
        await session.execute(text("lock table throttles"))
        await session.execute(delete(Throttle))


async def attempt_of(browser: HttpBrowser) -> str:
    (form,) = Forms(await browser.authorize(**CONSOLE)).found
    return form.fields["attempt"]


@pytest.mark.parametrize("username", ["olli", "Olli", " OLLI "])
async def test_staff_log_in_and_their_roles_are_told(identity: Running, username: str) -> None:
    async with HttpBrowser(identity) as browser:
        form = {"attempt": await attempt_of(browser), "username": username, "password": "a long password"}
        back = (await browser.http.post("/staff", data=form)).headers["Location"]
        assert back.startswith(f"{CONSOLE_CALLBACK}&code=")
        secret = {"client_id": "console", "client_secret": "console:secret%/+"}
        fetch = {
            "grant_type": "authorization_code",
            "code": query_parameters(back)["code"],
            "redirect_uri": CONSOLE_CALLBACK,
            **secret,
        }
        tokens = (await browser.http.post("/token", data={**fetch, "code_verifier": browser.verifier})).json()
        claims = await browser.claims(tokens["id_token"])
        assert (claims["roles"], claims["name"], claims["preferred_username"]) == (
            ["operator"],
            "Olli Operaattori",
            "olli",
        )
        assert "urn:oid:1.2.246.21" not in claims
        told = (
            await browser.http.get("/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        ).json()
        assert {name: told[name] for name in ("acr", "amr", "auth_time")} == {
            name: claims[name] for name in ("acr", "amr", "auth_time")
        }
        caller = await TokenVerifier(identity.issuer, "tracker").verify(tokens["access_token"])
        assert caller.scopes == {"openid", "profile", "operate"}
        assert caller.subject == claims["sub"]


@pytest.mark.parametrize(
    ("username", "password"), [("olli", "wrong"), ("nobody", "a long password"), ("", ""), ("olli", "")]
)
async def test_a_wrong_name_or_password_is_told_alike(
    identity: Running, username: str, password: str
) -> None:
    async with HttpBrowser(identity) as browser:
        page = await browser.http.post(
            "/staff", data={"attempt": await attempt_of(browser), "username": username, "password": password}
        )
        assert page.status_code == 422
        assert "Käyttäjätunnus tai salasana on väärin" in page.text
        assert "a long password" not in page.text


async def test_guessing_has_to_wait_longer_each_time_and_waiting_helps(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        attempt = await attempt_of(browser)
        form = {"attempt": attempt, "username": "guessed", "password": "x"}
        assert [(await browser.http.post("/staff", data=form)).status_code for _ in range(5)] == [422] * 5
        waiting = await browser.http.post("/staff", data=form)
        assert (waiting.status_code, int(waiting.headers["Retry-After"])) == (429, 30)
        assert "Odota 1 min" in waiting.text
        async with identity.sessions() as session, session.begin():
            await session.execute(
                update(Throttle).values(last_failed_at=datetime.now(UTC) - timedelta(seconds=31))
            )
        assert (await browser.http.post("/staff", data=form)).status_code == 422
        assert int((await browser.http.post("/staff", data=form)).headers["Retry-After"]) == 60


async def fail(browser: HttpBrowser, attempt: str, names: list[str], address: str) -> set[int]:
    """Try one password on many names; return the answers' statuses."""
    forms = ({"attempt": attempt, "username": name, "password": "Kesä2026"} for name in names)
    return {
        (await browser.http.post("/staff", data=form, headers={"X-Forwarded-For": address})).status_code
        for form in forms
    }


async def test_one_address_cannot_try_one_password_on_many_names(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        attempt = await attempt_of(browser)
        assert await fail(browser, attempt, [f"name{number}" for number in range(30)], "192.0.2.1") == {422}
        form = {"attempt": attempt, "username": "olli", "password": "a long password"}
        waiting = await browser.http.post("/staff", data=form, headers={"X-Forwarded-For": "192.0.2.1"})
        assert waiting.status_code == 429
        assert 0 < int(waiting.headers["Retry-After"]) <= 20
        assert "Liian monta väärää yritystä. Odota 1 min" in waiting.text
        async with identity.sessions() as session, session.begin():
            await session.execute(
                update(Throttle).values(last_failed_at=col(Throttle.last_failed_at) - timedelta(seconds=20))
            )
        assert await fail(browser, attempt, ["name30", "name31"], "192.0.2.1") == {422, 429}
        elsewhere = await browser.http.post("/staff", data=form, headers={"X-Forwarded-For": "192.0.2.2"})
        assert elsewhere.status_code == 303


async def test_many_staff_log_in_at_the_same_moment_and_wait_for_nobody(identity: Running) -> None:
    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(HttpBrowser(identity)) for _ in range(24)]
        forms = [
            {"attempt": await attempt_of(browser), "username": f"olli{number % 2}", "password": "x"}
            for number, browser in enumerate(browsers)
        ]
        async with asyncio.timeout(10):
            posted = [
                browser.http.post("/staff", data=form) for browser, form in zip(browsers, forms, strict=True)
            ]
            answers = await asyncio.gather(*posted, browsers[0].http.get("/readyz"))
        assert answers.pop().status_code == 200
        assert sorted(answer.status_code for answer in answers) == [422] * 10 + [429] * 14


async def test_a_failed_try_counts_though_the_login_itself_cannot_be_finished(identity: Running) -> None:
    async with HttpBrowser(identity) as browser, identity.sessions.begin() as session:
        form = {"attempt": await attempt_of(browser), "username": "olli", "password": "a long password"}
        await session.execute(text("lock table grants in exclusive mode"))
        trying = asyncio.create_task(browser.http.post("/staff", data=form, timeout=30))

        async def counted() -> None:
            async with identity.sessions() as other:
                assert (
                    await other.scalar(
                        select(Throttle.failures).order_by(col(Throttle.failures).desc()).limit(1)
                    )
                    == 1
                )

        await asyncio.create_task(eventually(counted))
        trying.cancel()


async def test_an_ipv6_caller_is_known_by_the_half_of_the_address_that_it_cannot_choose(
    identity: Running,
) -> None:
    async with HttpBrowser(identity) as browser:
        attempt = await attempt_of(browser)
        for number in range(30):
            assert await fail(browser, attempt, [f"six{number}"], f"2001:db8::{number:x}") == {422}
        assert await fail(browser, attempt, ["six30"], "2001:db8::ffff:1") == {429}
        assert await fail(browser, attempt, ["six31"], "2001:db8:0:1::1") == {422}


async def test_an_office_behind_one_address_logs_in_as_often_as_it_likes(identity: Running) -> None:
    office = {"X-Forwarded-For": "192.0.2.3"}
    async with HttpBrowser(identity) as browser:
        assert await fail(
            browser, await attempt_of(browser), [f"typo{number}" for number in range(29)], "192.0.2.3"
        ) == {422}
        for _ in range(3):
            form = {"attempt": await attempt_of(browser), "username": "olli", "password": "a long password"}
            assert (await browser.http.post("/staff", data=form, headers=office)).status_code == 303


async def test_a_name_that_has_to_wait_does_not_use_up_the_tries_of_its_address(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        attempt = await attempt_of(browser)
        assert await fail(browser, attempt, ["guessed"] * 40, "192.0.2.4") == {422, 429}
        assert await fail(browser, attempt, ["other"], "192.0.2.4") == {422}


async def test_tries_without_an_open_login_do_not_lock_a_name(identity: Running) -> None:
    async with HttpBrowser(identity) as browser, HttpBrowser(identity) as stranger:
        form = {"attempt": await attempt_of(browser), "username": "olli", "password": "a long password"}
        for _ in range(7):
            assert (await stranger.http.post("/staff", data={**form, "password": "x"})).status_code == 400
        assert (await browser.http.post("/staff", data=form)).status_code == 303


async def test_a_right_password_does_not_get_through_while_waiting(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        form = {"attempt": await attempt_of(browser), "username": "olli"}
        for _ in range(5):
            await browser.http.post("/staff", data={**form, "password": "wrong"})
        assert (
            await browser.http.post("/staff", data={**form, "password": "a long password"})
        ).status_code == 429
        async with identity.sessions() as session, session.begin():
            await session.execute(
                update(Throttle).values(last_failed_at=datetime.now(UTC) - timedelta(minutes=1))
            )
        assert (
            await browser.http.post("/staff", data={**form, "password": "a long password"})
        ).status_code == 303


ELSEWHERE = {"X-Forwarded-For": "198.51.100.7"}


async def try_olli(browser: HttpBrowser, password: str = "a long password", **headers: str) -> int:  # noqa: S107  a test's
    form = {"attempt": await attempt_of(browser), "username": "olli", "password": password}
    return (await browser.http.post("/staff", data=form, headers=headers)).status_code


async def test_a_stranger_elsewhere_keeps_nobody_out(identity: Running) -> None:
    async with HttpBrowser(identity) as stranger, HttpBrowser(identity) as person:
        assert [await try_olli(stranger, "x", **ELSEWHERE) for _ in range(6)] == [422] * 5 + [429]
        assert await try_olli(person) == 303


async def test_failures_of_others_at_the_same_address_do_not_keep_a_person_from_their_own_device(
    identity: Running,
) -> None:
    async with (
        HttpBrowser(identity) as stranger,
        HttpBrowser(identity) as person,
        HttpBrowser(identity) as new_device,
    ):
        assert await try_olli(person) == 303
        assert [await try_olli(stranger, "x") for _ in range(6)] == [422] * 5 + [429]
        assert await fail(
            stranger, await attempt_of(stranger), [f"wrong{number}" for number in range(40)], "127.0.0.1"
        ) == {422, 429}
        assert [await try_olli(person) for _ in range(2)] == [303, 303]
        assert await try_olli(new_device) == 429


async def test_on_a_known_device_too_guessing_has_to_wait_and_there_alone(identity: Running) -> None:
    async with HttpBrowser(identity) as device, HttpBrowser(identity) as other:
        assert await try_olli(device) == 303
        assert [await try_olli(device, "x", **ELSEWHERE) for _ in range(6)] == [422] * 5 + [429]
        assert await try_olli(device) == 429
        assert await try_olli(other) == 303


async def test_a_device_is_known_for_the_name_that_logged_in_on_it_and_for_no_other(
    identity: Running,
) -> None:
    async with HttpBrowser(identity) as device, HttpBrowser(identity) as other:
        assert await try_olli(device) == 303
        (known,) = (
            cookie for cookie in device.http.cookies.jar if cookie.name.startswith("identity_device_")
        )
        assert (known.path, known.expires is not None) == ("/staff", True)
        assert "olli" not in known.name + str(known.value)
        others = known.name.replace(digest("olli").hex(), digest("maija").hex())
        other.http.cookies.set(others, str(known.value), path="/staff")
        attempt = await attempt_of(other)
        assert await fail(other, attempt, ["maija"] * 5, "192.0.2.9") == {422}
        assert await fail(device, await attempt_of(device), ["maija"], "192.0.2.9") == {429}


async def test_an_attempt_is_for_its_browser_and_its_kind_of_login(identity: Running) -> None:
    async with HttpBrowser(identity) as browser, HttpBrowser(identity) as other:
        form = {"attempt": await attempt_of(browser), "username": "olli", "password": "a long password"}
        await other.authorize(**CONSOLE)
        assert (await other.http.post("/staff", data=form)).status_code == 400
        citizens = query_parameters((await browser.requests())["op"]["A01Y_CANLINK"])["attempt"]
        assert (await browser.http.post("/staff", data={**form, "attempt": citizens})).status_code == 400
        assert (await browser.http.post("/staff", data=form)).status_code == 303
        assert (await browser.http.post("/staff", data=form)).status_code == 400
        assert (await browser.http.post("/staff", data={**form, "attempt": "x"})).status_code == 422


OLLI = {"username": "Olli", "password": "a long password", "name": "Olli Operaattori", "roles": ["operator"]}


@pytest.fixture
async def start_with(identity: Running) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """Start another process of identity with these accounts in its settings.

    Afterwards the accounts are as they were.
    """

    async def start(*accounts: Mapping[str, object]) -> None:
        staff = [StaffAccount.model_validate(account) for account in accounts]
        settings = settings_for(identity.issuer, identity.database_url).model_copy(
            update={"staff": tuple(staff)}
        )
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            pass

    yield start
    await start(OLLI)


async def login(identity: Running, username: str, password: str) -> int:
    async with HttpBrowser(identity) as browser:
        form = {"attempt": await attempt_of(browser), "username": username, "password": password}
        return (await browser.http.post("/staff", data=form)).status_code


async def staff_of(identity: Running) -> dict[str, Staff]:
    async with identity.sessions() as session:
        return {staff.username: staff for staff in await session.scalars(select(Staff))}


async def test_accounts_that_the_settings_name_are_added_and_those_that_they_no_longer_name_are_gone(
    identity: Running, start_with: Callable[..., Awaitable[None]]
) -> None:
    await start_with(OLLI, {**OLLI, "username": " Maija ", "password": "her own"})
    assert await login(identity, "maija", "her own") == 303
    await start_with(OLLI)
    assert await login(identity, "maija", "her own") == 422
    assert await login(identity, "olli", "a long password") == 303


async def test_a_changed_password_name_and_role_count_from_the_next_start_on(
    identity: Running, start_with: Callable[..., Awaitable[None]]
) -> None:
    before = (await staff_of(identity))["olli"]
    await start_with(
        {**OLLI, "username": "OLLI", "password": "a new one", "name": "Another", "roles": ["admin"]}
    )
    after = (await staff_of(identity))["olli"]
    assert (after.id, after.name, after.roles) == (before.id, "Another", ["admin"])
    assert await login(identity, "olli", "a long password") == 422
    assert await login(identity, "olli", "a new one") == 303


async def test_an_account_that_nobody_changed_stays_as_it_is(
    identity: Running, start_with: Callable[..., Awaitable[None]]
) -> None:
    before = (await staff_of(identity))["olli"]
    await start_with(OLLI)
    after = (await staff_of(identity))["olli"]
    assert (after.id, after.password_hash, after.name, after.roles) == (
        before.id,
        before.password_hash,
        before.name,
        before.roles,
    )
    assert after.password_hash.startswith("$argon2id$")


async def test_processes_that_start_at_the_same_moment_make_each_account_once(
    identity: Running, start_with: Callable[..., Awaitable[None]]
) -> None:
    await asyncio.gather(*(start_with(OLLI, {**OLLI, "username": "uusi"}) for _ in range(4)))
    assert sorted(await staff_of(identity)) == ["olli", "uusi"]


async def epochs_told(identity: Running, client_id: str, secret: str) -> tuple[int, dict[str, str]]:
    async with HttpBrowser(identity) as browser:
        answer = await browser.http.post("/staff/accounts", auth=(client_id, secret))
    return answer.status_code, answer.json().get("epochs", {})


async def test_only_who_signs_staff_in_is_told_of_their_accounts(identity: Running) -> None:
    told = await epochs_told(identity, "console", "console:secret%/+")
    assert (told[0], set(told[1])) == (200, {str(staff.id) for staff in (await staff_of(identity)).values()})
    assert await epochs_told(identity, "intake", "intake-secret") == (403, {})
    assert await epochs_told(identity, "console", "guessed") == (401, {})
    async with HttpBrowser(identity) as browser:
        assert (await browser.http.post("/staff/accounts")).status_code == 401
        assert (await browser.http.get("/staff/accounts")).status_code == 405


async def test_an_epoch_changes_with_password_and_roles_and_with_nothing_else(
    identity: Running, start_with: Callable[..., Awaitable[None]]
) -> None:
    seen = []
    for change in (
        {},
        {"name": "Another"},
        {"password": "another"},
        {"roles": ["operator", "another"]},
        {"roles": ["another", "operator"]},
    ):
        await start_with(
            {**OLLI, "password": "another", "roles": ["operator"], **change}
            if "roles" in change
            else {**OLLI, **change}
        )
        seen.append(next(iter((await epochs_told(identity, "console", "console:secret%/+"))[1].values())))
    first, renamed, new_password, new_roles, other_order = seen
    assert first == renamed
    assert new_roles == other_order
    assert len({first, new_password, new_roles}) == 3
