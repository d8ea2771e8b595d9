"""How Finns write days and times, in Finnish, Swedish and English; times are shown by the Helsinki clock."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

HELSINKI = ZoneInfo("Europe/Helsinki")
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"

WEEKDAYS = {
    "fi": (
        "maanantaina",
        "tiistaina",
        "keskiviikkona",
        "torstaina",
        "perjantaina",
        "lauantaina",
        "sunnuntaina",
    ),
    "sv": (
        "måndagen den",
        "tisdagen den",
        "onsdagen den",
        "torsdagen den",
        "fredagen den",
        "lördagen den",
        "söndagen den",
    ),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
SHORT_WEEKDAYS = {
    "fi": ("ma", "ti", "ke", "to", "pe", "la", "su"),
    "sv": ("mån", "tis", "ons", "tors", "fre", "lör", "sön"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
MONTHS = {
    "sv": (
        "januari",
        "februari",
        "mars",
        "april",
        "maj",
        "juni",
        "juli",
        "augusti",
        "september",
        "oktober",
        "november",
        "december",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}


def clock(when: datetime, language: str = "fi") -> str:
    """`klo 9.41`, `kl. 9.41`, `at 9:41`."""
    local = when.astimezone(HELSINKI)
    if language == "en":
        return f"at {local.hour}:{local.minute:02}"
    return f"{'kl.' if language == 'sv' else 'klo'} {local.hour}.{local.minute:02}"


def day(when: date, language: str = "fi") -> str:
    """The day in running text: `torstaina 26.11.`, `torsdagen den 26 november`, `Thursday 26 November`."""
    local = _local_day(when)
    weekday = WEEKDAYS[language][local.weekday()]
    return (
        f"{weekday} {local.day}.{local.month}."
        if language == "fi"
        else f"{weekday} {local.day} {MONTHS[language][local.month - 1]}"
    )


def short_day(when: date, language: str = "fi") -> str:
    """The day in a list: `to 26.11.`, `tors 26.11`, `Thu 26 Nov`."""
    local = _local_day(when)
    weekday = SHORT_WEEKDAYS[language][local.weekday()]
    if language == "en":
        return f"{weekday} {local.day} {MONTHS['en'][local.month - 1][:3]}"
    return f"{weekday} {local.day}.{local.month}{'.' if language == 'fi' else ''}"


def day_and_clock(when: datetime, language: str = "fi") -> str:
    """A moment with its year: `24.11.2026 klo 9.41`, `24.11.2026 kl. 9.41`, `24 November 2026 at 9:41`."""
    local = when.astimezone(HELSINKI)
    date_text = (
        f"{local.day} {MONTHS['en'][local.month - 1]} {local.year}"
        if language == "en"
        else f"{local.day}.{local.month}.{local.year}"
    )
    return f"{date_text} {clock(when, language)}"


def _local_day(when: date) -> date:
    return when.astimezone(HELSINKI).date() if isinstance(when, datetime) else when
