"""Tools on the target that link it to the source: one file for each vendor's interface."""
