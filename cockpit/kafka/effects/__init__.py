"""Everything that changes or proves something: one file for each kind of action."""
