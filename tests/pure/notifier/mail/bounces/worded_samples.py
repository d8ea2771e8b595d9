"""Reports that keep to no standard, and mails that are no reports."""

import base64

from tests.pure.notifier.mail.bounces.report_samples import (
    HEAD,
    OUR_ID,
    RETURNED,
    UNKNOWN_USER,
    Sample,
    standard,
)

COPY = f"\n{RETURNED}\nHei!\n"


def worded(
    words: str,
    *,
    sender: str = "MAILER-DAEMON@relay.example",
    subject: str = "failure notice",
    more: str = "",
) -> bytes:
    """Write a report that is a text and nothing else."""
    return f"From: {sender}\nTo: bounces@kunta.example\nSubject: {subject}\n{more}\n{words}\n".encode()


FORWARDED = (
    b"From: Sihteeri <sihteeri@kunta.example>\nSubject: Fwd: jotain palasi\nMIME-Version: 1.0\n"
    b"Content-Type: multipart/mixed; boundary=ulko\n\n"
    b"--ulko\nContent-Type: text/plain\n\nT\xc3\xa4m\xc3\xa4 tuli minulle.\n--ulko\nContent-Type: "
    b"message/rfc822\n\n" + standard(HEAD + UNKNOWN_USER) + b"\n--ulko--\n"
)

WORDED = (
    Sample(
        "qmail gives up",
        worded(
            "Hello. This is the qmail-send program at posti.example.\n"
            "I was not able to deliver your mail to these addresses.\nIt is a permanent error "
            f"and I have given up.\n\n<aino@posti.example>:\n"
            f"No mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n{COPY}"
        ),
        "hard",
        "5.1.1",
    ),
    Sample(
        "qmail waited too long",
        worded(
            "This is the qmail-send program.\n<a@b.example>:\nCannot connect. (#4.4.1)\nI will stop: it "
            "was queued for too long.\n" + COPY
        ),
        "hard",
        "4.4.1",
    ),
    Sample(
        "Exim failure",
        worded(
            "This message was created automatically by mail delivery software.\n\nA mail of yours could "
            "not be delivered to some recipients.\n\n"
            f"  aino@posti.example\n    host mx.posti.example: 550 unknown user\n\n------ This is a "
            f"copy of your message ------\n{COPY}",
            subject="Mail delivery failed: returning message to sender",
            more="X-Failed-Recipients: aino@posti.example\n",
        ),
        "hard",
        None,
        550,
    ),
    Sample(
        "Exim warning",
        worded(
            "This message was created automatically by mail delivery software.\n"
            "Your mail has not been delivered to all its recipients for 24 hours.\n"
            f"No action is required on your part. Attempts go on.\n{COPY}",
            subject="Warning: message delayed 24 hours",
        ),
        "soft",
    ),
    Sample(
        "old Sendmail failure",
        worded(
            "The original message was received at Tue, 24 Nov 2026\n\n ----- The following addresses "
            "had permanent fatal errors -----\n"
            "<aino@posti.example>\n\n ----- Transcript of session follows -----\n>>> RCPT "
            "To:<aino@posti.example>\n<<< 550 5.1.1 who is that\n" + COPY,
            subject="Returned mail: User unknown",
            sender="MAILER-DAEMON (Mail Delivery Subsystem)",
        ),
        "hard",
        "5.1.1",
        550,
    ),
    Sample(
        "old Sendmail warning",
        worded(
            " ** THIS IS A WARNING MESSAGE ONLY **\n ----- The following addresses had transient "
            "non-fatal errors -----\n<aino@posti.example>\n"
            "Deferred: connection refused\nWill keep trying for 5 days\n" + COPY,
            subject="Warning: could not send message for past 4 hours",
        ),
        "soft",
    ),
    Sample(
        "Postfix warning in words",
        worded(
            "This is the mail system at host relay.\nTHIS IS A WARNING ONLY. YOU DO NOT NEED TO RESEND IT.\n"
            + COPY,
            subject="Delayed Mail",
        ),
        "soft",
    ),
    Sample(
        "Exchange in words",
        worded(
            "Your message did not reach some or all of the people it was for.\n"
            "\nAino on 24.11.2026\n   There is no such account. <ex.posti.example #5.1.1>\n" + COPY,
            subject="Undeliverable: Kiitos",
            sender="System Administrator <admin@posti.example>",
        ),
        "hard",
        "5.1.1",
    ),
    Sample(
        "Outlook in HTML",
        b"From: =?utf-8?B?"
        + base64.b64encode(b"Microsoft Outlook")
        + b"?= <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@posti.example>\n"
        b"Subject: =?utf-8?B?"
        + base64.b64encode(b"Ei voitu toimittaa: Kiitos")
        + b"?=\nContent-Type: text/html; charset=utf-16\n"
        b"Content-Transfer-Encoding: base64\n\n"
        + base64.b64encode(
            f"<html><b>Viesti&auml; ei toimitettu</b><p>550 5.1.10 RESOLVER.ADR<p>{RETURNED}".encode("utf-16")
        ),
        "hard",
        "5.1.10",
        550,
        has_id=False,
    ),
    Sample(
        "Gmail in words",
        worded(
            "Delivery to the following recipient failed permanently:\n\n"
            "   aino@gmail.example\n\nWhat the other server said: 550 550 5.1.1 no account\n" + COPY,
            subject="Delivery Status Notification (Failure)",
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        ),
        "hard",
        "5.1.1",
        550,
    ),
    Sample(
        "Gmail is late",
        worded(
            "Delivery to this recipient has been delayed:\n\n  aino@gmail.example\n\nWe will keep trying.\n"
            + COPY,
            subject="Delivery Status Notification (Delay)",
        ),
        "soft",
    ),
    Sample(
        "Yahoo",
        worded(
            "Message from yahoo.example.\nUnable to deliver your mail to these addresses.\n\n"
            "<aino@yahoo.example>:\nnobody has that name\n" + COPY
        ),
        "hard",
    ),
    Sample(
        "Lotus Domino",
        worded(
            "Your Document: Kiitos\ncould not be delivered to: aino\nbecause: aino is not listed in the "
            "Domino Directory\n" + COPY,
            subject="DELIVERY FAILURE: not listed",
            sender="Router at Posti <aino@posti.example>",
        ),
        "hard",
    ),
    Sample("only a code", worded("554 5.7.1 refused\n" + COPY, subject="hm"), "hard", "5.7.1", 554),
    Sample(
        "Latin-1 without a charset",
        b"From: postmaster@posti.example\nSubject: hm\n\nViesti\xe4 ei voitu toimittaa: osoite on "
        b"v\xe4\xe4r\xe4\n" + COPY.encode(),
        "hard",
    ),
    Sample("from a mailer, and says nothing", worded("Hm.\n" + COPY, subject="hm"), "unknown"),
    Sample("forwarded by a person", FORWARDED, "hard", "5.1.1", 550),
)

NO_BOUNCES = (
    Sample(
        "vacation by header",
        worded(
            "I am away until May. User unknown to me will answer.",
            sender="aino@posti.example",
            subject="Re: Kiitos",
            more=f"Auto-Submitted: auto-replied\nIn-Reply-To: {OUR_ID}\n",
        ),
        "auto-reply",
    ),
    Sample(
        "vacation by subject",
        worded("Palaan maanantaina.", sender="aino@posti.example", subject="Automaattinen vastaus: Kiitos"),
        "auto-reply",
        has_id=False,
    ),
    Sample(
        "vacation of old",
        worded("Gone.", sender="aino@posti.example", subject="gone", more="X-Autoreply: yes\n"),
        "auto-reply",
        has_id=False,
    ),
    Sample(
        "a person answers",
        worded(
            f"Kiitos! Postia ei toimitettu minulle 550 5.1.1\n> Message-ID: {OUR_ID}",
            sender="aino@posti.example",
            subject="Vs: Kiitos",
        ),
        "unknown",
    ),
    Sample(
        "a challenge",
        worded(
            "Please confirm that you sent this message; it is held until then.",
            sender="guard@filter.example",
            subject="Are you real?",
            more="Auto-Submitted: auto-replied\n",
        ),
        "unknown",
        has_id=False,
    ),
    Sample("nothing at all", b"", "unknown", has_id=False),
)
