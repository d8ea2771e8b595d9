"""What a form says about a wrong value, in the citizen's language: each sentence says what to do."""

from services.intake.form.catalogue import Field, Text
from shared.events.vocabulary import Language

MESSAGES: dict[str, Text] = {
    "missing": Text(fi="Täytä kenttä ”{label}”", sv="Fyll i fältet ”{label}”", en="Fill in “{label}”"),
    "not-chosen": Text(
        fi="Valitse vaihtoehto kohdassa ”{label}”",
        sv="Välj ett alternativ under ”{label}”",
        en="Choose an option under “{label}”",
    ),
    "not-ticked": Text(fi="Rastita kohta ”{label}”", sv="Kryssa för ”{label}”", en="Tick “{label}”"),
    "unknown": Text(
        fi="Tällä lomakkeella ei ole tällaista kenttää",
        sv="Den här blanketten har inget sådant fält",
        en="This form has no such field",
    ),
    "too-long-by-one": Text(
        fi="Lyhennä: yksi merkki liikaa (enintään {max_length})",
        sv="Förkorta: ett tecken för mycket (högst {max_length})",
        en="Shorten this: one character too many ({max_length} at most)",
    ),
    "too-long": Text(
        fi="Lyhennä: {over} merkkiä liikaa (enintään {max_length})",
        sv="Förkorta: {over} tecken för mycket (högst {max_length})",
        en="Shorten this: {over} characters too many ({max_length} at most)",
    ),
    "no-letter": Text(
        fi="Kirjoita nimi kirjaimin", sv="Skriv namnet med bokstäver", en="Write the name in letters"
    ),
    "email": Text(
        fi="Kirjoita sähköpostiosoite kokonaisuudessaan, esimerkiksi omaosoite@palvelin.com",
        sv="Skriv hela e-postadressen, till exempel minadress@server.com",
        en="Write the whole e-mail address, for example myaddress@server.com",
    ),
    "email-letters": Text(
        fi="Kirjoita sähköpostiosoitteen alku ilman kirjaimia å, ä ja ö",
        sv="Skriv början av e-postadressen utan bokstäverna å, ä och ö",
        en="Write the part before the @ without letters such as å, ä and ö",
    ),
    "phone": Text(
        fi="Kirjoita puhelinnumero numeroin, esimerkiksi 040 123 4567 tai +358 40 123 4567",
        sv="Skriv telefonnumret med siffror, till exempel 040 123 4567 eller +358 40 123 4567",
        en="Write the phone number in digits, for example 040 123 4567 or +358 40 123 4567",
    ),
    "phone-incomplete": Text(
        fi="Kirjoita puhelinnumero kokonaan, esimerkiksi 040 123 4567 tai +358 40 123 4567",
        sv="Skriv hela telefonnumret, till exempel 040 123 4567 eller +358 40 123 4567",
        en="Write the whole phone number, for example 040 123 4567 or +358 40 123 4567",
    ),
    "hetu-dash": Text(
        fi="Kirjoita henkilötunnukseen viiva, esimerkiksi 131052-308T",
        sv="Skriv bindestrecket i personbeteckningen, till exempel 131052-308T",
        en="Write the hyphen in the personal identity code, for example 131052-308T",
    ),
    "hetu-form": Text(
        fi="Kirjoita henkilötunnus muodossa ppkkvv-xxxx, esimerkiksi 131052-308T",
        sv="Skriv personbeteckningen i formen ddmmåå-xxxx, till exempel 131052-308T",
        en="Write the personal identity code in the form ddmmyy-xxxx, for example 131052-308T",
    ),
    "hetu-date": Text(
        fi="Tarkista henkilötunnuksen numerot: tällaista syntymäpäivää tai järjestysnumeroa ei ole",
        sv="Kontrollera siffrorna i personbeteckningen: ett sådant födelsedatum eller ordningsnummer finns inte",
        en="Check the digits of the personal identity code: there is no such date of birth or individual number",
    ),
    "hetu-future": Text(
        fi="Tarkista henkilötunnuksen välimerkki: tämä syntymäpäivä on vasta tulossa",
        sv="Kontrollera skiljetecknet i personbeteckningen: födelsedagen ligger i framtiden",
        en="Check the sign in the middle of the personal identity code: this date of birth is yet to come",
    ),
    "hetu-check": Text(
        fi="Tarkista henkilötunnus: viimeinen merkki ei sovi numeroihin",
        sv="Kontrollera personbeteckningen: det sista tecknet stämmer inte med siffrorna",
        en="Check the personal identity code: its last character does not match the digits",
    ),
    "hetu-elsewhere": Text(
        fi="Poista henkilötunnus kohdasta ”{label}”: kirjoita siihen vain se, mitä kysytään",
        sv="Ta bort personbeteckningen från fältet ”{label}”: skriv bara det som frågas där",
        en="Remove the personal identity code from “{label}”: write only what is asked there",
    ),
    "business-id-form": Text(
        fi="Kirjoita Y-tunnus muodossa 1234567-8, esimerkiksi 2077474-0",
        sv="Skriv FO-numret i formen 1234567-8, till exempel 2077474-0",
        en="Write the business ID in the form 1234567-8, for example 2077474-0",
    ),
    "business-id-check": Text(
        fi="Tarkista Y-tunnus: tarkistusnumero ei sovi muihin numeroihin",
        sv="Kontrollera FO-numret: kontrollsiffran stämmer inte med de övriga siffrorna",
        en="Check the business ID: its check digit does not match the other digits",
    ),
    "date": Text(
        fi="Kirjoita päivä muodossa 31.1.2026",
        sv="Skriv datumet i formen 31.1.2026",
        en="Write the date as 31.1.2026 (day, month, year) or 2026-01-31",
    ),
    "no-such-day": Text(
        fi="Tarkista päivä: tällaista päivää ei ole kalenterissa",
        sv="Kontrollera datumet: den dagen finns inte i kalendern",
        en="Check the date: there is no such day in the calendar",
    ),
    "no-such-year": Text(
        fi="Tarkista vuosi: se on jokin vuosista 1900–2100",
        sv="Kontrollera året: det är något av åren 1900–2100",
        en="Check the year: it is one from 1900 to 2100",
    ),
    "in-future": Text(
        fi="Tarkista aika: tämä on vasta tulossa",
        sv="Kontrollera tiden: den har inte kommit än",
        en="Check the time: this is yet to come",
    ),
    "before-other": Text(
        fi="Tarkista aika: tämä on ennen kohtaa ”{other}”",
        sv="Kontrollera tiden: den är före ”{other}”",
        en="Check the time: this is before “{other}”",
    ),
    "month": Text(
        fi="Kirjoita kuukausi muodossa 1/2026",
        sv="Skriv månaden i formen 1/2026",
        en="Write the month as 1/2026 or 2026-01",
    ),
    "choice": Text(
        fi="Valitse jokin annetuista vaihtoehdoista",
        sv="Välj ett av de givna alternativen",
        en="Choose one of the options given",
    ),
    "checkbox": Text(
        fi="Rastita kohta tai jätä se tyhjäksi (true tai false)",
        sv="Kryssa för eller lämna tomt (true eller false)",
        en="Tick the box or leave it empty (true or false)",
    ),
    "number": Text(
        fi="Kirjoita kokonaisluku väliltä {minimum}–{maximum}",
        sv="Skriv ett heltal mellan {minimum} och {maximum}",
        en="Write a whole number from {minimum} to {maximum}",
    ),
    "not-identity": Text(
        fi="Tämä tieto tulee tunnistautumisesta, eikä sitä voi muuttaa lomakkeella",
        sv="Uppgiften kommer från identifieringen och kan inte ändras på blanketten",
        en="This was told by your bank when you identified yourself, and cannot be changed on the form",
    ),
}
LEFT_EMPTY = frozenset({"missing", "not-chosen", "not-ticked"})


def message(
    slug: str, field: Field | None, language: Language, over: int = 0, other: Text | None = None
) -> str:
    """Give the sentence for one fault of one field; it never repeats what was typed.

    `over` is by how many characters that is too long, `other` the label of another field that it does not go with.
    """
    if field and field.missing and slug in LEFT_EMPTY:
        return field.missing.in_language(language)
    sentence = MESSAGES["too-long-by-one" if slug == "too-long" and over == 1 else slug].in_language(language)
    if field is None:
        return sentence
    return sentence.format(
        over=over,
        other=other.in_language(language) if other else "",
        label=field.label.in_language(language),
        max_length=field.max_length,
        minimum=field.minimum,
        maximum=field.maximum,
    )
