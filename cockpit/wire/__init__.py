"""Events and snapshots to bytes and back: the one encoding of socket and file."""
