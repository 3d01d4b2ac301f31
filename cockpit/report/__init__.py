"""A recording as Markdown, HTML or JSON."""
