"""Platforms played by ourselves, on real sockets: for tests, for a demonstration, for a user."""
