"""Commands. Importing one stays light: what it needs is imported when it runs."""
