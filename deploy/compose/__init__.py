"""What the containers of docker-compose.yml run beside the services: settings, databases, start and health."""
