"""What handlers do with a request, over the API, the console and Kafka, and the history that records it."""
