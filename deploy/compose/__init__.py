"""What the containers of docker-compose.yml run beside the services.

Settings, databases, start and health checks.
"""
