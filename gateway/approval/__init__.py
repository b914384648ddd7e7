"""The desk: what may leave in the department's name, and who said so."""
