"""What observing costs: measured on a real broker, on a synthetic one, and beside other clients."""
