"""For operators: which mails there are, and having them tried or sent again."""
