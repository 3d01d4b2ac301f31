"""Kafka requests that the client library has not, or has wrong: bytes out, values in, no I/O."""
