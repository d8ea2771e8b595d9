"""Every known way to bend TUPAS, tried on the running service.

Nobody is let in, and the true answer is still believed.
"""

import asyncio
import itertools
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlencode
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col
from starlette.requests import Request
from starlette.responses import Response as HTTPResponse

from services.identity import tupas
from services.identity.banks import load_banks
from services.identity.browser import BrowserCookie
from services.identity.models import Attempt
from services.identity.tupas import Response
from tests.service.identity.conftest import CALLBACK, Running
from tests.service.identity.http_browser import HttpBrowser, query_parameters

BANKS = load_banks()
OP = BANKS["op"]
numbers = itertools.count(9_000_000_000)


def answer_to(request: dict[str, str], **changed: str) -> Response:
    """Return what the bank would answer; `now` a little later or as changed."""
    response = Response(
        vers="0003",
        timestmp=f"500{tupas.make_stamp(datetime.now(UTC), secrets.randbelow(1_000_000))}",
        idnbr=str(next(numbers)),
        stamp=request["A01Y_STAMP"],
        custname="TESTI ANNA",
        keyvers="0001",
        alg="03",
        custid="081181-9984",
        custtype="01",
    )
    return replace(response, **changed)


def sealed(response: Response, bank: str = "op") -> str:
    return tupas.to_query(tupas.with_mac(response, BANKS[bank].keys))


async def is_let_in(browser: HttpBrowser, query: str) -> bool:
    """Return whether an answer leads to a code.

    Whatever is refused shows a page of ours and leads nowhere.
    """
    back = await browser.http.get(f"/tupas/return?{query}")
    if back.status_code == 400:
        assert "Location" not in back.headers
        assert "9984" not in back.text
        return False
    told = query_parameters(back.headers["Location"])
    assert back.headers["Location"].startswith(CALLBACK)
    return "code" in told


async def test_an_answer_is_believed_once(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        query = sealed(answer_to((await browser.requests())["op"]))
        assert await is_let_in(browser, query)
        assert not await is_let_in(browser, query)


async def test_the_same_answer_many_times_at_once_is_believed_once(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        query = sealed(answer_to((await browser.requests())["op"]))
        assert sum(await asyncio.gather(*(is_let_in(browser, query) for _ in range(8)))) == 1


async def test_an_answer_is_good_in_the_browser_that_asked(identity: Running) -> None:
    async with HttpBrowser(identity) as victim, HttpBrowser(identity) as attacker:
        await victim.authorize()
        request = (await attacker.requests())["op"]
        query = sealed(answer_to(request))
        assert not await is_let_in(victim, query)
        assert (
            query_parameters(request["A01Y_CANLINK"])["attempt"]
            not in (await victim.http.get(f"/tupas/return?{query}")).text
        )
        victim.http.cookies.clear()
        assert not await is_let_in(victim, query)
        victim.http.cookies.set("identity_session", "made-up.signature")
        assert not await is_let_in(victim, query)
        assert await is_let_in(attacker, query)


@pytest.mark.parametrize("bank", [code for code in BANKS if code != "op"])
async def test_another_banks_key_does_not_open(identity: Running, bank: str) -> None:
    async with HttpBrowser(identity) as browser:
        request = (await browser.requests())["op"]
        assert not await is_let_in(browser, sealed(answer_to(request), bank))
        for_that_bank = answer_to(
            request, timestmp=f"{BANKS[bank].number}{tupas.make_stamp(datetime.now(UTC), 1)}"
        )
        assert not await is_let_in(browser, sealed(for_that_bank, bank))
        assert not await is_let_in(browser, sealed(for_that_bank, "op"))
        assert await is_let_in(browser, sealed(answer_to(request)))


async def test_the_stamp_of_one_bank_is_not_anothers(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        requests = await browser.requests()
        assert not await is_let_in(browser, sealed(answer_to(requests["aktia"])))
        assert not await is_let_in(browser, sealed(answer_to({"A01Y_STAMP": "20261124120000123456"})))


async def test_fields_regrouped_under_a_true_seal_are_refused(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        true = answer_to((await browser.requests())["op"])
        fields = tupas.with_mac(true, OP.keys)
        regrouped = {**fields, "B02K_CUSTNAME": "", "B02K_KEYVERS": "", "B02K_CUSTID": true.stamp}
        regrouped["B02K_CUSTTYPE"] = f"{true.custname}&0001&03&{true.custid}&01"
        assert not await is_let_in(browser, tupas.to_query(regrouped))
        joined = {**fields, "B02K_CUSTNAME": f"{true.custname}&{true.keyvers}"}
        del joined["B02K_KEYVERS"]
        assert not await is_let_in(browser, tupas.to_query(joined))
        assert await is_let_in(browser, tupas.to_query(fields))


@pytest.mark.parametrize("name", ["CUSTID", "STAMP", "MAC", "ALG", "USERID"])
async def test_a_field_that_comes_twice_is_refused(identity: Running, name: str) -> None:
    async with HttpBrowser(identity) as browser:
        true = sealed(answer_to((await browser.requests())["op"]))
        assert not await is_let_in(browser, f"{true}&B02K_{name}=010101-123N")
        assert not await is_let_in(
            browser,
            f"B02K_{name}={dict(parse_qsl(true, keep_blank_values=True)).get(f'B02K_{name}', '')}&{true}",
        )
        in_the_body = await browser.http.post(f"/tupas/return?{true}", data={f"B02K_{name}": "1"})
        assert in_the_body.status_code == 400
        assert await is_let_in(browser, true)


@pytest.mark.parametrize("algorithm", ["01", "02", "04"])
async def test_the_message_does_not_choose_its_algorithm(identity: Running, algorithm: str) -> None:
    async with HttpBrowser(identity) as browser:
        response = answer_to((await browser.requests())["op"], alg=algorithm)
        fields = {f"B02K_{name.upper()}": value for name, value in vars(response).items()}
        key = OP.keys.by_version["0001"]
        assert not await is_let_in(
            browser, tupas.to_query({**fields, "B02K_MAC": tupas.mac(tupas.covered_values(response), key)})
        )


@pytest.mark.parametrize("minutes", [-6, 6, 12 * 60, -12 * 60])
async def test_a_clock_that_is_off_is_refused(identity: Running, minutes: int) -> None:
    async with HttpBrowser(identity) as browser:
        request = (await browser.requests())["op"]
        timestmp = f"500{tupas.make_stamp(datetime.now(UTC) + timedelta(minutes=minutes), 0)}"
        assert not await is_let_in(browser, sealed(answer_to(request, timestmp=timestmp)))


async def test_a_seal_over_utf_8_is_refused_and_over_latin_1_believed(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        response = answer_to((await browser.requests())["op"], custname="MÄKI VÄINÖ")
        fields = tupas.with_mac(response, OP.keys)
        as_utf_8 = [value.encode().decode("iso-8859-1") for value in tupas.covered_values(response)]
        wrong = {**fields, "B02K_MAC": tupas.mac(as_utf_8, OP.keys.by_version["0001"])}
        assert not await is_let_in(browser, tupas.to_query(wrong))
        assert not await is_let_in(browser, urlencode(fields))
        assert await is_let_in(browser, tupas.to_query(fields))


async def test_a_seal_in_lower_case_is_believed(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        fields = tupas.with_mac(answer_to((await browser.requests())["op"]), OP.keys)
        assert await is_let_in(browser, tupas.to_query({**fields, "B02K_MAC": fields["B02K_MAC"].lower()}))


async def test_no_seal_or_a_seal_without_key_is_refused(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        fields = tupas.with_mac(answer_to((await browser.requests())["op"]), OP.keys)
        del fields["B02K_MAC"]
        for mac in ("", "0" * 64, "É" * 64, tupas.mac(["", ""], "x")):
            assert not await is_let_in(browser, tupas.to_query({**fields, "B02K_MAC": mac}))
        assert not await is_let_in(browser, tupas.to_query(fields))


@pytest.mark.parametrize(
    ("custtype", "custid"), [("02", "9984"), ("03", "2830765-9"), ("05", "A" * 64), ("08", "081181-9984")]
)
async def test_an_identifier_of_another_kind_names_nobody(
    identity: Running, custtype: str, custid: str
) -> None:
    async with HttpBrowser(identity) as browser:
        request = (await browser.requests())["op"]
        assert not await is_let_in(browser, sealed(answer_to(request, custtype=custtype, custid=custid)))
        assert not await is_let_in(
            browser, sealed(answer_to(request, custtype="01", custid=f"{custid[:10]}5"))
        )


@pytest.mark.parametrize("custtype", ["00", "10", "11", "12"])
async def test_not_identified_ends_the_attempt_even_with_a_true_seal(
    identity: Running, custtype: str
) -> None:
    async with HttpBrowser(identity) as browser:
        request = (await browser.requests())["op"]
        assert not await is_let_in(browser, sealed(answer_to(request, custtype=custtype)))
        assert not await is_let_in(browser, sealed(answer_to(request)))


async def test_a_banks_number_is_taken_once(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        number = str(next(numbers))
        assert await is_let_in(browser, sealed(answer_to((await browser.requests())["op"], idnbr=number)))
        request = (await browser.requests())["op"]
        assert not await is_let_in(browser, sealed(answer_to(request, idnbr=number)))
        assert await is_let_in(browser, sealed(answer_to(request)))


async def test_an_attempt_lasts_fifteen_minutes(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        request = (await browser.requests())["op"]
        attempt_id = UUID(query_parameters(request["A01Y_CANLINK"])["attempt"])
        async with identity.sessions() as session, session.begin():
            attempt = await session.get_one(Attempt, attempt_id)
            assert timedelta(minutes=14) < attempt.expires_at - datetime.now(UTC) <= timedelta(minutes=15)
            await session.execute(
                update(Attempt).where(col(Attempt.id) == attempt_id).values(expires_at=datetime.now(UTC))
            )
        assert not await is_let_in(browser, sealed(answer_to(request)))


@pytest.mark.parametrize("way", ["cancel", "reject"])
async def test_a_forged_cancel_or_reject_ends_nothing(identity: Running, way: str) -> None:
    async with HttpBrowser(identity) as victim, HttpBrowser(identity) as attacker:
        request = (await victim.requests())["op"]
        await attacker.authorize()
        attempt = query_parameters(request["A01Y_CANLINK"])["attempt"]
        for query in (f"attempt={attempt}", f"attempt={attempt}&attempt={attempt}", "attempt=1", ""):
            assert (await attacker.http.get(f"/tupas/{way}?{query}")).status_code == 400
        assert await is_let_in(victim, sealed(answer_to(request)))


@pytest.mark.parametrize("way", ["cancel", "reject"])
async def test_cancel_and_reject_only_ever_end_an_attempt(identity: Running, way: str) -> None:
    async with HttpBrowser(identity) as browser:
        request = (await browser.requests())["op"]
        link = request["A01Y_CANLINK" if way == "cancel" else "A01Y_REJLINK"]
        told = query_parameters(
            (await browser.http.get(f"{link}&{sealed(answer_to(request))}")).headers["Location"]
        )
        assert told["error"] == "access_denied"
        assert "code" not in told
        assert not await is_let_in(browser, sealed(answer_to(request)))


async def test_what_is_refused_leaves_a_way_back_for_its_own_browser(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        request = (await browser.requests())["op"]
        page = await browser.http.get(f"/tupas/return?{sealed(answer_to(request), 'aktia')}")
        assert f"/tupas/cancel?attempt={query_parameters(request['A01Y_CANLINK'])['attempt']}" in page.text


async def test_noise_is_no_error_of_ours(identity: Running) -> None:
    async with HttpBrowser(identity) as browser:
        for query in (
            "",
            "B02K_STAMP=",
            "%",
            "&&&",
            "B02K_MAC=%00",
            quote("ä" * 3000),
            "B02K_X=1",
            "=&=" * 100,
        ):
            assert not await is_let_in(browser, query)
        assert (await browser.http.post("/tupas/return", content=b"\xff\xfe" * 1000)).status_code == 400


@pytest.mark.parametrize(
    ("secure", "path", "name"),
    [(True, "/", "__Host-a"), (True, "/bank", "__Secure-a"), (False, "/", "a"), (False, "/bank", "a")],
)
def test_over_https_no_other_host_and_no_unencrypted_page_can_plant_a_cookie(
    *, secure: bool, path: str, name: str
) -> None:
    cookie = BrowserCookie([b"k" * 32], "a", path=path, secure=secure)
    made, response = cookie.make(), HTTPResponse()
    cookie.write(made, response)
    written = response.headers["Set-Cookie"]
    assert written.startswith(f"{name}=")
    assert ("; Secure" in written) == secure
    request = Request({"type": "http", "headers": [(b"cookie", written.partition(";")[0].encode())]})
    assert cookie.read(request) == made
