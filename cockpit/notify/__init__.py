"""Tells people and machines outside of a flight: a webhook, and metrics to be read."""
