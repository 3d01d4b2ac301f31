"""The slower looks at one real cluster, a small reader each. Read only."""
