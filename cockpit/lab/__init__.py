"""Real clusters on this machine, for trying and for tests."""
