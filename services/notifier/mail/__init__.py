"""The channel of mails: writing them, sending them over SMTP, and what came back."""
