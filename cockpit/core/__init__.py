"""The pure part: plan model, offsets, gates, wave machine, snapshot. No I/O, no clock."""
