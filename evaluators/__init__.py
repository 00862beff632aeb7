"""Evidence in, judgement out: the checklist, scoring, send tests and simulated vendors.

Knows nothing of chats, of the database, or of the guidance.
"""
