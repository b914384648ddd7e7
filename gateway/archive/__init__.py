"""What we keep. Every change of state is a Command; the journal is the truth, rows its index."""
