"""SGIP 1.2: `codec` is pure; `session` is the client, `listener` takes the gateway's own calls.

Both sides of SGIP are client and server: we log in to send, the gateway logs in to us to report.
`server` is the gateway's side of both, for simulated vendors.
"""
