"""One pane a file, each drawing one part of a snapshot."""
