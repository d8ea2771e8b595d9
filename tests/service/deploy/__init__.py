"""The launcher and the servers it embeds."""
