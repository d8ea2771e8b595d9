"""The mailbox of a local stack.

Accepts every mail by SMTP, stores it in a Maildir, and shows it on a page.
"""
