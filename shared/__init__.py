"""What at least two services need for transport and operation; no module in here knows a service."""
