"""By which name a mail may greet: one that is sure, and nobody else's words."""


def greeted_name(given_name: str, *, identified: bool) -> str:
    """Give the given name that a bank has told, if it is one only; empty for everybody else.

    A name that nobody has proven can be a message to whose address it is. Which of several names is used, or is none but a second family name, a bank
    does not tell.
    """
    return given_name if identified and len(given_name.split()) == 1 else ""
