"""A terminal cockpit for live Kafka-to-Kafka cutovers."""

__version__ = "0.1.0"
