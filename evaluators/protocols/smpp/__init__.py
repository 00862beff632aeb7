"""SMPP 3.4: `codec` and `receipt` are pure, `session` is the client, `server` the other side."""
