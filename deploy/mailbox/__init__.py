"""The mailbox of a local stack: accepts every mail by SMTP, stores it and shows it on a page."""
