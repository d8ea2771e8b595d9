"""The only package that knows aiokafka."""
