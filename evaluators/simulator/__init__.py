"""Simulated SMS vendors and a simulated handset panel, over real sockets.

`personality` is how a vendor behaves, as data; `numbers` the world it serves; `vendor` decides each
message's fate with `outages` and `latency` (pure); `exchange` lets it happen on a `timeline`;
`smpp`, `cmpp`, `sgip`, `smgp` and `vendor_http` put it on the wire; `panel` is the handsets,
`ledger` the truth, `controls` what can be asked and done; `program` runs it all.
"""
