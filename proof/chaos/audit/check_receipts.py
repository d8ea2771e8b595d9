"""Checks that every registered request has a correct receipt, and that no mail goes elsewhere.

Correct means with its number, to its address, in its language.
"""

from proof.chaos.audit.cases import Cases
from proof.chaos.audit.finding import Finding, findings


def check_receipts(cases: Cases) -> list[Finding]:
    """Find `without_receipt`, `wrong_address`, `wrong_language`, `wrong_number` and `stray_mails`."""
    found: list[Finding] = []
    for request, row in cases.rows.items():
        mails = cases.mails.get(request, [])
        right = [
            mail
            for mail in cases.receipts(request)
            if mail.to == row.email and row.work_number in mail.numbers
        ]
        language = cases.language.get(cases.order_of_email.get(row.email, -1), row.language)
        if not right:
            found.append(Finding("without_receipt", request))
        found += findings(
            "wrong_address", (mail.file for mail in mails if mail.to != row.email), f"mail of {request}"
        )
        found += findings(
            "wrong_number",
            (mail.file for mail in mails if mail.numbers != {row.work_number}),
            f"mail of {request}",
        )
        found += findings(
            "wrong_language",
            (mail.file for mail in mails if {mail.language, mail.words} != {language}),
            f"mail of {request}, {language}",
        )
    claimed = {mail.file for request in cases.rows for mail in cases.mails.get(request, ())}
    return found + findings(
        "stray_mails",
        (mail.file for mail in cases.evidence.mails if mail.file not in claimed),
        "to nobody who has a request",
    )
