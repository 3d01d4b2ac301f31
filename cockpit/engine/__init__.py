"""The loop, the runner of commands, the journal and the fan-out. No screen, no Kafka client."""
