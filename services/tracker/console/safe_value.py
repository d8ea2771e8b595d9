"""Shows bytes of unknown origin as text that is safe on a page."""

from shared.text.personal_codes import hide_lookalikes

MAX_VALUE_LENGTH = 4_000


def safe_value(value: bytes | None) -> str:
    """Decode UTF-8, mask any henkilötunnus, escape what is not printable, cut after `MAX_VALUE_LENGTH`."""
    text = hide_lookalikes((value or b"").decode(errors="replace"))
    shown = "".join(
        letter if letter.isprintable() or letter == "\n" else f"\\x{ord(letter):02x}"
        for letter in text[:MAX_VALUE_LENGTH]
    )
    return shown if len(text) <= MAX_VALUE_LENGTH else f"{shown} …"
