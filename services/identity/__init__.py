"""The identity service: an OpenID Connect provider for citizens (by their bank) and staff (by password)."""
