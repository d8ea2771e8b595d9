"""The OpenID Connect endpoints: discovery, authorization, tokens and userinfo."""
