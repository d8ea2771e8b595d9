"""Authentication: OpenID Connect clients, access tokens, sessions in encrypted cookies."""
