"""SMGP 3.0: `codec` and `receipt` are pure, `session` is the client, `server` the other side."""
