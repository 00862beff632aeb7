"""Simulated SMS vendors and a simulated handset panel, over real sockets.

`personality` is how a vendor behaves, as data; `vendor` decides each message's fate (pure);
`exchange` lets the fates happen in time; `smpp` puts it on the wire; `panel` is the handsets;
`program` runs it all.
"""
