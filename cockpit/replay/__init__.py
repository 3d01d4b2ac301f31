"""A Session over a recording. Never acts."""
