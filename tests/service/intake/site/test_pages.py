"""Pages to read: whole in three languages, in one piece, saying what to do when something is wrong."""

import re
from datetime import datetime
from html.parser import HTMLParser

import pytest

from services.intake.form.load_catalogue import load_catalogue
from services.intake.site.opening_hours import phone_hours
from services.intake.texts import texts_in
from shared.events.vocabulary import LANGUAGES, Language
from shared.kafka.connection import KafkaConnection
from shared.text.moments import HELSINKI
from tests.service.intake.running_intake import Running, make_settings, running_intake

PAGES = [
    "",
    "asiakaspalvelu",
    "palvelut/yksityishenkilo",
    "palvelut/yritys",
    "ukk",
    "saavutettavuus",
    "tietosuoja",
    "palvelun-tila",
    "seuraa",
    "lopetettu",
    "pyynto/pyyda-laskukopio",
]
QUICK_LINKS = [
    "Tilaa palkkatodistus",
    "Kysy tai ilmoita laskuun liittyen",
    "Tilaa palvelusuhdetodistus",
    "Verokorttiasiat",
    "Kysy palkanmaksusta",
    "Tilaa uusi salasana online-palveluun",
]
COLUMNS = {
    "invoices": ["Kysy tai ilmoita laskuun liittyen", "Pyydä laskukopio"],
    "employment": [
        "Tilaa palkkatodistus",
        "Tilaa palvelusuhdetodistus",
        "Kysy palkanmaksusta",
        "Verokorttiasiat",
        "Vuosiloma-asiat",
        "Henkilötietojen muutos",
        "Ay-jäsenmaksuasiat",
    ],
    "online": ["Tilaa uusi salasana", "Lähetä palautetta", "Seuraa pyyntösi käsittelyä"],
}


@pytest.fixture
def intake(shared_intake: Running) -> Running:
    """Let these tests share one app: they change nothing."""
    return shared_intake


class Outline(HTMLParser):
    """Collects what a page is made of: tags with their attributes, and its links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every tag of a name."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_stands_in_every_language_with_landmarks_and_no_inline_code(
    intake: Running, language: str
) -> None:
    for page in PAGES:
        answer = await intake.client.get(f"/{language}/{page}")
        assert answer.status_code == 200, page
        outline = Outline(answer.text)
        assert [tag["lang"] for tag in outline.named("html")] == [language]
        assert [len(outline.named(tag)) for tag in ("header", "main", "footer", "h1", "title")] == [
            1,
            1,
            1,
            1,
            1,
        ], page
        assert outline.named("a")[0]["href"] == "#main"
        assert all("src" in script for script in outline.named("script"))
        assert not outline.named("style")
        assert not [
            tag
            for tag, attributes in outline.tags
            if "style" in attributes or any(name.startswith("on") for name in attributes)
        ]
        ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
        assert len(ids) == len(set(ids)), page
        described = {
            name
            for _, tag in outline.tags
            for key in ("aria-describedby", "aria-labelledby", "for")
            for name in (tag.get(key) or "").split()
        }
        assert described <= set(ids), page
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


async def test_every_link_of_the_site_leads_somewhere(intake: Running) -> None:
    seen: set[str] = set()
    ahead = ["/fi/", "/sv/", "/en/"]
    while ahead:
        address = ahead.pop()
        answer = await intake.client.get(address)
        assert answer.status_code in {200, 303}, address
        if answer.status_code == 303:
            continue
        outline = Outline(answer.text)
        linked = [
            tag.get("href") or tag.get("src") or ""
            for name in ("a", "link", "script")
            for tag in outline.named(name)
        ]
        new = {link for link in linked if link.startswith("/")} - seen
        seen |= new
        ahead += sorted(new)
    assert "/en/pyynto/pyyda-laskukopio-yritys" in seen


async def test_the_language_switch_keeps_the_page(intake: Running) -> None:
    page = Outline((await intake.client.get("/fi/palvelut/yritys")).text)
    switch = [tag["href"] for tag in page.named("a") if tag.get("hreflang")]
    assert switch == [f"/{language}/palvelut/yritys" for language in LANGUAGES]


async def test_the_front_page_offers_the_six_quick_links_of_the_guide_in_its_order(intake: Running) -> None:
    page = (await intake.client.get("/fi/")).text
    quick = page[page.index('<ul class="quick') :]
    assert re.findall(r"<strong>(.*?)</strong>", quick[: quick.index("</ul>")]) == QUICK_LINKS


async def test_the_three_columns_name_the_services_as_the_guide_does(intake: Running) -> None:
    page = (await intake.client.get("/fi/palvelut/yksityishenkilo")).text
    for group, names in COLUMNS.items():
        column = page[page.index(f'id="group-{group}"') :]
        entries = re.findall(r"<li><a [^>]*>(.*?)</a></li>", column[: column.index("</ul>")], re.DOTALL)
        assert [
            re.sub(r"<span class=\"(unseen|small)\">.*?</span>|<[^>]+>", "", entry) for entry in entries
        ] == names


@pytest.mark.parametrize("language", LANGUAGES)
async def test_whatever_asks_for_a_bank_says_so_wherever_it_is_listed(
    intake: Running, language: Language
) -> None:
    mark = texts_in(language)["authentication"]["strong"]
    for page in ("", "palvelut/yksityishenkilo", "palvelut/yritys"):
        rows = re.findall(
            rf'<a href="/{language}/pyynto/([a-z-]+)"[^>]*>(.*?)</a>',
            (await intake.client.get(f"/{language}/{page}")).text,
            re.DOTALL,
        )
        assert rows
        for code, row in rows:
            assert (mark in row) == (intake.intake.catalogue.by_code[code].authentication == "strong"), (
                page,
                code,
            )


async def test_forms_open_in_a_new_tab_and_say_so_to_a_screen_reader(intake: Running) -> None:
    page = (await intake.client.get("/fi/palvelut/yritys")).text
    forms = [tag for tag in Outline(page).named("a") if "/pyynto/" in (tag["href"] or "")]
    assert forms
    assert all((tag["target"], tag["rel"]) == ("_blank", "noopener") for tag in forms)
    assert page.count("(avautuu uuteen välilehteen)") == len(forms)


@pytest.mark.parametrize(
    ("hour", "language", "said"),
    [
        (10, "en", "open now until 4 pm"),
        (10, "sv", "öppen nu till kl. 16"),
        (10, "fi", "nyt auki klo 16 asti"),
        (3, "en", "opens today at 8 am"),
        (3, "fi", "aukeaa tänään klo 8"),
    ],
)
async def test_the_hours_of_the_phone_are_written_in_one_way(
    intake: Running, hour: int, language: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = phone_hours(datetime(2026, 11, 24, hour, tzinfo=HELSINKI))
    monkeypatch.setattr("services.intake.site.view.phone_hours", lambda _: hours)
    page = (
        (await intake.client.get(f"/{language}/asiakaspalvelu"))
        .text.replace("&nbsp;", " ")
        .replace("\N{NO-BREAK SPACE}", " ")
    )
    assert said in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_about_accessibility_is_promised_with_what_it_takes(language: Language) -> None:
    wanted = (
        load_catalogue().by_code["laheta-palautetta"].by_name["answer_wanted"].label.in_language(language)
    )
    assert wanted in texts_in(language)["accessibility"]["sections"][2]["text"][0]


async def test_the_root_leads_to_the_finnish_front_page(intake: Running) -> None:
    answer = await intake.client.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/fi/")


@pytest.mark.parametrize(
    ("method", "address", "status", "title"),
    [
        ("GET", "/sv/finns-inte", 404, "Sidan finns inte"),
        ("GET", "/fi/pyynto/ei-ole", 404, "Sivua ei löydy"),
        ("GET", "/en/kiitos/not-an-id", 404, "Page not found"),
        ("GET", "/de/", 404, "Sivua ei löydy"),
        ("POST", "/en/ukk", 405, "This page cannot be opened like this"),
    ],
)
async def test_a_wrong_address_gets_a_page_in_its_language(
    intake: Running, method: str, address: str, status: int, title: str
) -> None:
    answer = await intake.client.request(method, address)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert f"<h1>{title}</h1>" in answer.text


async def test_a_body_that_is_too_large_gets_a_page(intake: Running) -> None:
    answer = await intake.client.post(
        "/fi/pyynto/pyyda-laskukopio", data={"further_information": "x" * 300_000}
    )
    assert answer.status_code == 413
    assert "<h1>Lomakkeella on liikaa tekstiä</h1>" in answer.text


async def test_a_surprise_gets_a_page_that_says_what_to_do_and_nothing_of_the_cause(
    kafka: KafkaConnection, intake_database: str
) -> None:
    async def fail() -> None:
        raise RuntimeError("131052-308T")

    async with running_intake(make_settings(kafka, intake_database)) as intake:
        intake.app.add_api_route("/fi/vika", fail)
        answer = await intake.client.get("/fi/vika")
    assert answer.status_code == 500
    assert "<h1>Jokin meni vikaan</h1>" in answer.text
    assert "131052" not in answer.text


async def test_the_api_keeps_its_problem_details(intake: Running) -> None:
    answer = await intake.client.get("/api/v1/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_demonstration_says_so_on_every_page_and_nothing_else_does(
    kafka: KafkaConnection, intake_database: str, intake: Running
) -> None:
    assert 'class="demonstration"' not in (await intake.client.get("/fi/")).text
    async with running_intake(
        make_settings(kafka, intake_database, demonstration="simulated-banks")
    ) as shown:
        for language, word in (("fi", "Esittely."), ("sv", "Demonstration."), ("en", "Demonstration.")):
            for page in [*PAGES, "no-such-page"]:
                assert word in (await shown.client.get(f"/{language}/{page}")).text, page
