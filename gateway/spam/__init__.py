"""The nose: what a letter smells of, learnt from the letters that people have judged."""
