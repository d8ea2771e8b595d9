"""The catalogue offers what the guide names, in three languages, and says where a file is wrong."""

from pathlib import Path

import pytest
import yaml

from services.intake.form.catalogue import PERSON_FIELDS, Catalogue
from services.intake.form.load_catalogue import FOLDER, InvalidCatalogue, load_catalogue
from services.notifier.settings import Settings
from shared.events.topics import DAY_MS, TOPICS

FOR_PERSONS = {
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
    "online": ["Tilaa uusi salasana", "Lähetä palautetta"],
}
QUICK_LINKS = [
    "Tilaa palkkatodistus",
    "Kysy tai ilmoita laskuun liittyen",
    "Tilaa palvelusuhdetodistus",
    "Verokorttiasiat",
    "Kysy palkanmaksusta",
    "Tilaa uusi salasana online-palveluun",
]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_private_persons_find_what_the_guide_names_in_its_order(catalogue: Catalogue) -> None:
    assert {
        group: [service.title.fi for service in catalogue.for_role("person", group)]
        for group in catalogue.groups
    } == FOR_PERSONS


def test_companies_find_invoices_supplier_details_password_and_feedback(catalogue: Catalogue) -> None:
    assert {service.title.fi for service in catalogue.for_role("company")} == {
        "Kysy tai ilmoita laskuun liittyen",
        "Pyydä laskukopio",
        "Toimittajatietojen muutos",
        "Tilaa uusi salasana",
        "Lähetä palautetta",
    }


def test_the_six_quick_links_are_the_guides(catalogue: Catalogue) -> None:
    assert [
        (service.quick_link_title or service.title).fi for service in catalogue.quick_links()
    ] == QUICK_LINKS
    assert {service.role for service in catalogue.quick_links()} == {"person"}


def test_every_form_begins_with_the_common_five_and_a_companys_goes_on_with_the_company(
    catalogue: Catalogue,
) -> None:
    for service in catalogue.services:
        names = [field.name for field in service.fields]
        common = [name for name in PERSON_FIELDS if name in names]
        assert names[: len(common)] == common
        assert all(field.required for field in service.fields[: len(common)])
        assert (names[len(common) :][:2] == ["company_name", "business_id"]) == (service.role == "company")
        assert set(PERSON_FIELDS) - set(common) <= {"personal_identity_code", "phone"}
    first_five = [field.label.fi for field in catalogue.services[0].fields[:5]]
    assert first_five == ["Etunimi", "Sukunimi", "Henkilötunnus", "Sähköpostiosoite", "Puhelinnumero"]


def test_a_personal_identity_code_is_asked_only_where_the_person_must_be_known(catalogue: Catalogue) -> None:
    asks = {service.code for service in catalogue.services if "personal_identity_code" in service.by_name}
    told_by_a_bank = {service.code for service in catalogue.services if service.authentication == "strong"}
    assert asks == told_by_a_bank | {"kysy-tai-ilmoita-laskuun-liittyen", "pyyda-laskukopio"}
    assert "phone" not in catalogue.by_code["laheta-palautetta"].by_name


def test_an_answer_is_promised_unless_it_was_to_be_asked_for(catalogue: Catalogue) -> None:
    for service in catalogue.services:
        asked = service.code.startswith("laheta-palautetta")
        assert service.promises_answer({}) == (not asked)
        assert service.promises_answer({"answer_wanted": "false"}) == (not asked)
        assert service.promises_answer({"answer_wanted": "true"})


def test_pay_employment_personal_data_and_passwords_need_a_strong_identification(
    catalogue: Catalogue,
) -> None:
    for service in catalogue.for_role("person"):
        needs = service.group == "employment" or service.code == "tilaa-uusi-salasana"
        assert (service.authentication == "strong") == needs, service.code


def test_no_text_is_the_same_in_finnish_and_english_or_ends_in_a_space(catalogue: Catalogue) -> None:
    for service in catalogue.services:
        texts = [service.title, service.summary, *(field.label for field in service.fields)]
        assert [text for text in texts if text.fi in {text.en, text.sv}] == []
        assert [
            text for text in texts for written in (text.fi, text.sv, text.en) if written != written.strip()
        ] == []


def break_a_file(folder: Path, change: dict[str, object]) -> None:
    for name in ("_common_fields.yaml", "pyyda-laskukopio.yaml"):
        (folder / name).write_text((FOLDER / name).read_text())
    file = folder / "pyyda-laskukopio.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | change))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"title": {"fi": "Pyydä laskukopio", "sv": "Be om en kopia"}}, "pyyda-laskukopio.yaml: title.en"),
        ({"due_days": 0}, "pyyda-laskukopio.yaml: due_days"),
        ({"due_dayz": 3}, "pyyda-laskukopio.yaml: due_dayz"),
        ({"roles": ["robot"]}, "pyyda-laskukopio.yaml: roles.0"),
        ({"roles": None}, "pyyda-laskukopio.yaml: roles"),
        (
            {
                "fields": [
                    {
                        "name": "Bad name",
                        "kind": "text",
                        "label": {"fi": "a", "sv": "b", "en": "c"},
                        "example": "x",
                    }
                ]
            },
            "fields.5.name",
        ),
        (
            {
                "fields": [
                    {
                        "name": "email",
                        "kind": "text",
                        "label": {"fi": "a", "sv": "b", "en": "c"},
                        "example": "x",
                    }
                ]
            },
            "declared twice: email",
        ),
        (
            {"fields": [{"name": "pick", "kind": "choice", "label": {"fi": "a", "sv": "b", "en": "c"}}]},
            "choices are needed",
        ),
        (
            {"fields": [{"name": "bare", "kind": "text", "label": {"fi": "a", "sv": "b", "en": "c"}}]},
            "an example is needed",
        ),
    ],
)
def test_a_wrong_file_is_told_with_file_and_field(
    tmp_path: Path, change: dict[str, object], place: str
) -> None:
    break_a_file(tmp_path, change)
    with pytest.raises(InvalidCatalogue, match=r"pyyda-laskukopio\.yaml") as told:
        load_catalogue(tmp_path)
    assert place in str(told.value)


def test_a_file_that_is_no_yaml_and_a_folder_without_files_are_told(tmp_path: Path) -> None:
    break_a_file(tmp_path, {})
    (tmp_path / "rikki.yaml").write_text("title: {fi: [")
    with pytest.raises(InvalidCatalogue, match=r"rikki\.yaml"):
        load_catalogue(tmp_path)
    with pytest.raises(InvalidCatalogue, match="_common_fields"):
        load_catalogue(tmp_path / "none")


def test_a_quick_link_is_given_once(tmp_path: Path) -> None:
    break_a_file(tmp_path, {"quick_link": 1})
    (tmp_path / "toinen.yaml").write_text((tmp_path / "pyyda-laskukopio.yaml").read_text())
    with pytest.raises(InvalidCatalogue, match="given twice"):
        load_catalogue(tmp_path)


def test_retention_times_are_those_that_the_privacy_page_tells() -> None:
    days = [service.retention_days for service in load_catalogue().services]
    assert (min(days), max(days)) == (180, 730), "half a year to two years"
    kept = {topic.retention_ms // DAY_MS for topic in TOPICS}
    assert (min(kept), max(kept)) == (14, 90), "two weeks to three months"
    assert Settings.model_fields["keep_days"].default == 30
