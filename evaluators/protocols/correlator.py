"""Which message a receipt belongs to. Pure; outlives connections; restorable after a restart."""
