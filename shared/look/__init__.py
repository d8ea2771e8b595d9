"""The look of site, bank pages, console and mailbox page: style sheets and macros."""
