"""What handlers do with a request, over the API, the console and Kafka alike, and the history that tells of it."""
