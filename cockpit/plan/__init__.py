"""YAML text to a Plan, or every problem with its line and column."""
