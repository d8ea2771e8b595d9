"""The identity service: an OpenID Connect provider that identifies citizens by their bank and staff by password."""
