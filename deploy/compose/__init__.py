"""What the containers of docker-compose.yml run beside the services: settings, databases, health checks."""
