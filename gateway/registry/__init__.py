"""The books: which document bears which number, what became of it, and how it is found again."""
