"""The simulated banks themselves: whom they serve, and where they never send anybody."""

import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from services.identity import tupas, verify_tupas
from services.identity.bank.answers import address_with, make_answer
from services.identity.banks import Bank, load_banks
from services.identity.tupas import Keys, Request
from tests.service.identity.conftest import CALLBACK, Running
from tests.service.identity.http_browser import OP_PASSWORD, HttpBrowser, query_parameters

BANKS = load_banks()
STAMP = "20261124120000123456"
LINKS = ("https://a.fi/return?login=tupas&bank=op", "https://a.fi/cancel", "https://a.fi/reject")
ASKED = Request("701", "0003", "Esittelymyyja", "FI", STAMP, "02", *LINKS, "0001", "03")


def asked_by(issuer: str) -> Request:
    """Return the request as the identity service itself would write it."""
    return replace(
        ASKED,
        retlink=f"{issuer}/return?login=tupas&bank=op",
        canlink=f"{issuer}/cancel",
        rejlink=f"{issuer}/reject",
    )


async def test_a_request_that_is_not_sealed_right_is_refused_and_leads_nowhere(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        asked = asked_by(identity.issuer)
        true = tupas.with_mac(asked, BANKS["op"].keys)
        for wrong in (
            {**true, "A01Y_RETLINK": "https://evil.example/"},
            {**true, "A01Y_MAC": "0" * 64},
            {name: value for name, value in true.items() if name != "A01Y_CANLINK"},
            tupas.with_mac(replace(asked, rcvid="Another"), BANKS["op"].keys),
            tupas.with_mac(asked, Keys({"0001": "another key"})),
            tupas.with_mac(replace(asked, retlink="javascript:alert(1)"), BANKS["op"].keys),
            *(
                tupas.with_mac(replace(asked, **{link: address}), BANKS["op"].keys)
                for link in ("retlink", "canlink", "rejlink")
                for address in (
                    "https://evil.example/",
                    f"{identity.issuer}.evil.example/",
                    f"{identity.issuer}@evil.example/",
                    identity.issuer,
                )
            ),
            {},
        ):
            refused = await browser.post_latin_1("/bank/op", wrong)
            assert refused.status_code == 400
            assert "Location" not in refused.headers
        assert (await browser.post_latin_1("/bank/op", true)).status_code == 303
        assert (await browser.http.get("/bank/no-such-bank")).status_code == 404
        assert (await browser.http.get("/bank/op")).status_code == 400


@pytest.mark.parametrize(
    ("language", "title", "back"),
    [
        ("fi", "Olet jo tunnistautunut", "Palaa palveluun"),
        ("sv", "Du har redan identifierat dig", "Tillbaka till tjänsten"),
        ("en", "You have identified yourself already", "Back to the service"),
    ],
)
async def test_back_at_the_bank_after_identifying_the_page_says_so_and_leads_on(
    identity: Running, language: str, title: str, back: str
) -> None:
    async with HttpBrowser(identity) as browser:
        visit = await browser.enter_bank("op", ui_locales=language)
        await browser.log_in(visit, "123456", OP_PASSWORD, "1234")
        answer = (await browser.http.post(visit, data={"action": "consent"})).headers["Location"]
        # The answer is under way and was not taken yet.
        early = await browser.http.get(visit)
        assert 'href="/tupas/cancel?attempt=' in early.text.replace(identity.issuer, "")
        assert (await browser.http.get(answer)).status_code == 303
        over = await browser.http.get(visit, headers={"Accept-Language": "fi"})
        assert (over.status_code, f"<h1>{title}</h1>" in over.text) == (200, True)
        (address,) = (html.unescape(found) for found in re.findall(rf'href="([^"]+)">{back}', over.text))
        assert address.startswith(f"{CALLBACK}?")
        assert query_parameters(address) == {
            "error": "access_denied",
            "state": "the-state",
            "iss": identity.issuer,
        }
        # Nothing more can be done there, and nobody else is shown the way.
        for action in ("consent", "cancel", "password", "code"):
            assert (await browser.http.post(visit, data={"action": action})).status_code == 200
        browser.http.cookies.delete("identity_session")
        assert CALLBACK not in (await browser.http.get(visit)).text


async def test_back_at_the_bank_after_leaving_it_the_page_does_not_speak_of_success(
    identity: Running,
) -> None:
    async with HttpBrowser(identity) as browser:
        visit = await browser.enter_bank("op", ui_locales="sv")
        left = (await browser.http.post(visit, data={"action": "cancel"})).headers["Location"]
        await browser.http.get(left)
        over = await browser.http.get(visit)
        assert over.status_code == 400
        assert "Ditt besök i banken är slut" in over.text
        assert f'href="{CALLBACK}?' in over.text


@pytest.mark.parametrize("cookies", [True, False])
async def test_a_browser_without_cookies_is_told_that_they_are_needed(
    identity: Running, *, cookies: bool
) -> None:
    async with HttpBrowser(identity) as browser:
        visit = (
            await browser.post_latin_1(
                "/bank/op", tupas.with_mac(asked_by(identity.issuer), BANKS["op"].keys)
            )
        ).headers["Location"]
        browser.http.cookies.clear()
        headers = {"Cookie": "another=1"} if cookies else {}
        for method, address in (
            ("GET", visit),
            ("POST", visit),
            ("GET", "/tupas/cancel?attempt=0"),
            ("GET", "/tupas/return?B02K_VERS=0002"),
        ):
            page = await browser.http.request(method, address, headers=headers)
            assert ("Salli evästeet" in page.text) is not cookies, address
            browser.http.cookies.clear()


async def test_a_link_with_a_query_of_its_own_is_kept_whole(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        asked = asked_by(identity.issuer)
        visit = (await browser.post_latin_1("/bank/op", tupas.with_mac(asked, BANKS["op"].keys))).headers[
            "Location"
        ]
        await browser.log_in(visit, "123456", "7890", "1234")
        back = (await browser.http.post(visit, data={"action": "consent"})).headers["Location"]
        assert back.startswith("/return?login=tupas&bank=op&B02K_VERS=0003&"), "within the same service"
        assert back.count("?") == 1
        proven = verify_tupas.verify_response(
            tupas.read_response(urlsplit(back).query.encode()),
            bank_number="500",
            keys=BANKS["op"].keys,
            asked=asked,
            now=datetime.now(UTC),
        )
        assert proven.custname == "TESTI ANNA"


async def test_the_visit_is_for_the_browser_that_began_it(identity: Running) -> None:
    async with HttpBrowser(identity) as browser, HttpBrowser(identity) as other:
        visit = await browser.enter_bank("op")
        assert (await other.http.get(visit)).status_code == 400
        await other.enter_bank("op")
        assert (
            await other.http.post(visit, data={"action": "password", "user_id": "123456", "password": "7890"})
        ).status_code == 400
        assert (await browser.http.get(visit.replace("/op/", "/aktia/"))).status_code == 400


async def test_no_step_can_be_left_out(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        visit = await browser.enter_bank("op")
        for form in ({"action": "consent"}, {"action": "code", "code": "1234"}, {"action": ""}, {}):
            assert (await browser.http.post(visit, data=form)).headers["Location"] == visit
            assert 'name="user_id"' in (await browser.http.get(visit)).text
        await browser.http.post(visit, data={"action": "password", "user_id": "123456", "password": "7890"})
        assert (await browser.http.post(visit, data={"action": "consent"})).headers["Location"] == visit
        assert (await browser.http.post(visit, data={"action": "code", "code": "abcd"})).status_code == 422


async def test_consent_names_what_is_told_and_to_whom_and_is_given_once(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        visit = await browser.enter_bank("op")
        await browser.log_in(visit, "123456", "7890", "1234")
        page = (await browser.http.get(visit)).text
        assert all(word in page for word in ("TESTI ANNA", "081181-9984", "Asiointi", "Simulaatio"))
        assert (await browser.http.post(visit, data={"action": "consent"})).status_code == 303
        assert (await browser.http.post(visit, data={"action": "consent"})).status_code == 400


@pytest.mark.parametrize("bank", BANKS.values(), ids=BANKS)
def test_a_banks_answer_is_believed_by_the_rules(bank: Bank) -> None:
    now = datetime.now(UTC)
    request = replace(ASKED, vers=bank.version, rcvid=bank.service_provider)
    for customer in bank.customers:
        address = address_with("https://a.fi/return", make_answer(bank, customer, request, number=7, now=now))
        unverified = tupas.read_response(urlsplit(address).query.encode())
        proven = verify_tupas.verify_response(
            unverified, bank_number=bank.number, keys=bank.keys, asked=request, now=now
        )
        assert (proven.custname, proven.custtype) == (customer.name, customer.answer)
        assert (len(proven.timestmp), len(proven.idnbr)) == ((19, 8) if bank.short else (23, 10))


def test_an_answer_is_written_in_latin_1() -> None:
    customer = BANKS["op"].customers[1]
    address = address_with(
        "https://a.fi/", make_answer(BANKS["op"], customer, ASKED, number=7, now=datetime.now(UTC))
    )
    assert parse_qs(urlsplit(address).query, encoding="iso-8859-1")["B02K_CUSTNAME"] == ["MÄKELÄ VÄINÖ OLAVI"]
    assert "M%C4KEL%C4+V%C4IN%D6" in address
