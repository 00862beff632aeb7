"""CMPP 2.0 and 3.0: `codec` and `receipt` are pure, `session` is the client, `server` the gateway.

`login` computes the authenticators, `content` turns text into user data, `template` and `reader`
are the fast path.
"""
