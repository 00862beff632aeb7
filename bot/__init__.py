"""The application: the conversation, its channels, its storage and its engine."""
