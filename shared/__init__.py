"""Transport and operation that two services need; nothing here knows a service."""
