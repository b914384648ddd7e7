"""The postman: from what is owed to the mailbox or the next server."""
