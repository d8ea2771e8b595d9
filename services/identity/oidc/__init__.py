"""OpenID Connect, as clients see it: discovery, authorization code with PKCE, client credentials, userinfo."""
