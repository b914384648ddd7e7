"""Duty hours: what was received is looked after, reported, and goes up when it is late."""
