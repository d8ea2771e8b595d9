"""How a request, and the service as a whole, is getting on."""
