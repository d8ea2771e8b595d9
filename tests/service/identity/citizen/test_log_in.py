"""A citizen identifies with a bank; the client learns who it is, over the back channel only."""

from urllib.parse import urlencode, urlsplit

import pytest

from tests.service.identity.conftest import CALLBACK, Running
from tests.service.identity.http_browser import Forms, HttpBrowser, query_parameters


async def test_a_citizen_is_identified_over_plain_http(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        back = await browser.http.get(await browser.answer())
        assert back.status_code == 303
        assert back.headers["Location"].startswith(f"{CALLBACK}?")
        told = query_parameters(back.headers["Location"])
        assert (told["state"], told["iss"]) == ("the-state", identity.issuer)
        tokens = (await browser.fetch(told["code"])).json()
        claims = await browser.claims(tokens["id_token"])
        assert (claims["given_name"], claims["family_name"], claims["name"]) == (
            "Anna",
            "Testi",
            "Anna Testi",
        )
        assert claims["locale"] == "fi"
        assert claims["urn:oid:1.2.246.21"] == "081181-9984"
        assert (claims["nonce"], claims["aud"], claims["iss"], claims["bank"]) == (
            browser.nonce,
            "intake",
            identity.issuer,
            "OP",
        )
        assert claims["acr"] == "http://ftn.ficora.fi/2017/loa2"


async def test_the_access_token_does_not_say_who_it_is(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        tokens = (await browser.fetch(await browser.code())).json()
        claims = await browser.claims(tokens["access_token"])
        assert "9984" not in str(claims)
        assert "Anna" not in str(claims)
        assert claims["aud"] == [identity.issuer]
        assert claims["exp"] - claims["iat"] == tokens["expires_in"] == 300


async def test_userinfo_tells_the_bearer_who_it_is(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        tokens = (await browser.fetch(await browser.code())).json()
        told = await browser.http.get(
            "/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
        )
        assert told.json()["urn:oid:1.2.246.21"] == "081181-9984"
        claims = await browser.claims(tokens["id_token"])
        for name in ("sub", "acr", "amr", "auth_time"):
            assert told.json()[name] == claims[name]
        assert (
            await browser.http.get("/userinfo", headers={"Authorization": f"Bearer {tokens['id_token']}"})
        ).status_code == 401
        assert (await browser.http.get("/userinfo")).headers["WWW-Authenticate"] == "Bearer"


async def test_the_same_person_has_the_same_subject_and_others_another(identity: Running) -> None:
    subjects = []
    for user_id in ("123456", "123456", "234567"):
        async with HttpBrowser(identity) as browser:
            tokens = (await browser.fetch(await browser.code(user_id=user_id))).json()
            subjects.append((await browser.claims(tokens["id_token"]))["sub"])
    assert subjects[0] == subjects[1] != subjects[2]
    assert "081181" not in subjects[0]


@pytest.mark.parametrize(
    ("bank", "user_id", "password", "code", "name", "personal_identity_code"),
    [
        ("op", "234567", "7890", "0000", "Väinö Olavi Mäkelä", "120449-931M"),
        ("op", "345678", "7890", "0000", "Aino Virtanen", "050903B942M"),
        ("nordea", "234567", "1111", "0000", "Åsa Åkerblom", "301188-924R"),
        ("handelsbanken", "33333333", "123456", "123456", "Sanni-Maria Lahti", "280206C9263"),
        ("aktia", "23456789", "123456", "1234", "Göran von Essen", "060339-917X"),
        ("s-pankki", "12345678", "123456", "1234", "Maija Meikäläinen", "010170-960F"),
        ("alandsbanken", "34567890", "1234", "0000", "Åke Sundblom", "081092W913D"),
    ],
)
async def test_every_bank_tells_its_customers_right(
    identity: Running,
    bank: str,
    user_id: str,
    password: str,
    code: str,
    name: str,
    personal_identity_code: str,
) -> None:
    async with HttpBrowser(identity) as browser:
        tokens = (
            await browser.fetch(await browser.code(bank=bank, user_id=user_id, password=password, code=code))
        ).json()
        claims = await browser.claims(tokens["id_token"])
        assert (claims["name"], claims["urn:oid:1.2.246.21"]) == (name, personal_identity_code)


async def test_a_bank_may_answer_by_a_form(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        visit = await browser.enter_bank("danske")
        await browser.log_in(visit, "34567890", "4321", "1234")
        done = await browser.http.post(visit, data={"action": "consent"})
        (form,) = Forms(done).found
        assert form.accept_charset == "ISO-8859-1"
        back = await browser.post_latin_1(form.action, form.fields)
        tokens = (await browser.fetch(query_parameters(back.headers["Location"])["code"])).json()
        assert (await browser.claims(tokens["id_token"]))["name"] == "Jörgen Sjöberg"


async def test_a_form_from_another_site_finds_its_cookie_from_a_page_of_ours_and_never_by_an_address(
    identity: Running,
) -> None:
    async with HttpBrowser(identity) as browser, HttpBrowser(identity) as without_cookie:
        visit = await browser.enter_bank("danske")
        await browser.log_in(visit, "12345678", "4321", "1234")
        (form,) = Forms(await browser.http.post(visit, data={"action": "consent"})).found
        turned = await without_cookie.post_latin_1(form.action, form.fields)
        assert turned.status_code == 200
        assert "Location" not in turned.headers
        (from_here,) = Forms(turned).found
        assert (from_here.fields, from_here.accept_charset) == (form.fields, "ISO-8859-1")
        assert (await without_cookie.post_latin_1(from_here.action, from_here.fields)).status_code == 400
        assert "code" in query_parameters(
            (await browser.post_latin_1(from_here.action, from_here.fields)).headers["Location"]
        )


@pytest.mark.parametrize("step", ["password", "code", "consent"])
async def test_cancelling_at_any_step_leads_back(identity: Running, step: str) -> None:
    async with HttpBrowser(identity) as browser:
        visit = await browser.enter_bank("op")
        if step != "password":
            await browser.http.post(
                visit, data={"action": "password", "user_id": "123456", "password": "7890"}
            )
        if step == "consent":
            await browser.http.post(visit, data={"action": "code", "code": "1234"})
        away = await browser.http.post(visit, data={"action": "cancel"})
        told = query_parameters((await browser.http.get(away.headers["Location"])).headers["Location"])
        assert (told["error"], told["error_description"], told["state"]) == (
            "access_denied",
            "cancelled",
            "the-state",
        )
        assert (await browser.http.get(visit)).status_code == 400


async def test_a_customer_of_whom_the_bank_knows_nothing_is_rejected_with_the_reason(
    identity: Running,
) -> None:
    async with HttpBrowser(identity) as browser:
        rejected = await browser.log_in(await browser.enter_bank("op"), "999999", "7890", "1234")
        assert urlsplit(rejected.headers["Location"]).path == "/tupas/reject"
        told = query_parameters((await browser.http.get(rejected.headers["Location"])).headers["Location"])
        assert (told["error"], told["error_description"]) == ("access_denied", "nothing-found")


async def test_a_wrong_password_is_told_and_too_many_send_away(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        visit = await browser.enter_bank("op", ui_locales="en")
        for _ in range(4):
            page = await browser.http.post(
                visit, data={"action": "password", "user_id": "123456", "password": "wrong"}
            )
            assert page.status_code == 422
            assert "The user ID or the password is wrong" in page.text
            assert 'value="123456"' in page.text
        away = await browser.http.post(
            visit, data={"action": "password", "user_id": "123456", "password": "wrong"}
        )
        assert (
            query_parameters((await browser.http.get(away.headers["Location"])).headers["Location"])[
                "error_description"
            ]
            == "rejected"
        )


@pytest.mark.parametrize(
    ("wanted", "title", "langcode"),
    [("fi", "Valitse pankkisi", "FI"), ("sv", "Välj din bank", "SV"), ("en-GB", "Choose", "EN")],
)
async def test_the_chooser_speaks_three_languages_and_tells_the_bank(
    identity: Running, wanted: str, title: str, langcode: str
) -> None:
    async with HttpBrowser(identity) as browser:
        page = await browser.authorize(ui_locales=wanted)
        assert title in page.text
        forms = Forms(page).found
        assert {form.fields["A01Y_LANGCODE"] for form in forms} == {langcode}
        assert {form.accept_charset for form in forms} == {"ISO-8859-1"}
        assert urlsplit(forms[0].action).path == "/bank/op"
        assert len({form.fields["A01Y_STAMP"] for form in forms}) == len(forms) == 7


async def test_no_page_is_kept_framed_or_named_to_others(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        answer = await browser.answer()
        visit = await browser.enter_bank("op")
        for address in (f"/authorize?{urlencode(browser.asked())}", visit, answer, "/tupas/return"):
            page = await browser.http.get(address)
            assert page.headers["Cache-Control"] == "no-store"
            assert page.headers["Referrer-Policy"] == "no-referrer"
            rules = dict(rule.split(" ", 1) for rule in page.headers["Content-Security-Policy"].split("; "))
            assert rules["frame-ancestors"] == rules["default-src"] == "'none'"
            assert set(rules["form-action"].split()) == {"'self'", "http://127.0.0.1:40009", identity.issuer}
