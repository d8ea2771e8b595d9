"""The mailbox of a local stack: takes every mail by SMTP, keeps it in a Maildir, and shows it on a page."""
