"""What a peer's bytes can do wrong."""

from evaluators.errors import EvaluatorsError


class ProtocolError(EvaluatorsError):
    """The bytes break the protocol; `status` is what the peer is answered (protocol's own code)."""

    def __init__(self, reason: str, status: int = 0) -> None:
        self.reason, self.status = reason, status
        super().__init__(reason)
