"""The same ports over seeded in-memory clusters on virtual time. Never a real cluster."""
