"""The look that site, bank pages, console and mailbox page share: style sheets, macros, and how Finns write times and numbers."""
