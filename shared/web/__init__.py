"""HTTP for all services: connection limits, problem details, response headers, health, transactions."""
