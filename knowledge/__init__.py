"""Guidance files in, cited answers out. Knows nothing of chats, of SQL, or of the evaluators."""
