"""The quarantine: what is held as spam, whom it concerns, and what people said about it."""
