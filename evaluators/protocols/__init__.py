"""Wire protocols towards SMS vendors: one folder each, all giving the runner the same session.

`session` says what every session gives; `correlator` matches receipts to messages; `text` encodes
and splits. A protocol's folder holds its `codec` (pure bytes), `session` (client) and `server`.
"""
