"""Which processes there are and what each one opens: the only place where rooms are joined."""
