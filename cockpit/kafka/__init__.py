"""The I/O edge: both clusters, MirrorMaker, Connect, signals and effectors."""
