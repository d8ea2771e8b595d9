"""The name by which a mail may greet its reader: only one that a bank has confirmed."""


def greeted_name(given_name: str, *, identified: bool) -> str:
    """Return the given name from a bank, if it is a single one; otherwise an empty text.

    An unproven name can be a message to the owner of the address. Which of several given names is used, or
    whether one is a second family name, a bank does not say.
    """
    return given_name if identified and len(given_name.split()) == 1 else ""
