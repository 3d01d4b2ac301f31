"""What the screen costs: a real screen process on a pseudo-terminal, fed over the real socket."""
