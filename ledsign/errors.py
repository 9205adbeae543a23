"""What can go wrong, named by what the caller can do about it.

=====================  ==========================================  ======================================
error                  means                                       the loop does
=====================  ==========================================  ======================================
ConfigError            a file of ours is wrong                     exit 78; systemd does not restart
  RecordingError       a recording is missing or damaged           the same
FeedError              the platform did not answer, or nonsense    keep what we have, ask again later
RefusedError           this notice may not be shown                one audit line, the rotation goes on
RenderError            this notice cannot be drawn                 skip it, report it, go on
UnsupportedError       the card family cannot do this              a fault of ours, before a byte is sent
ProtocolError          the line carried something unreadable       drain, repeat the same command
CardRefusedError       the card answered "no"                      no repeat; next slot
TransportError         the pipe is broken or silent                close, reopen with back-off
  CardUnusableError    the card lives and refuses to be prepared   the same: it may be set right meanwhile
StoreError             the disk or the database failed             go on from memory, say so loudly
  HeldError            another process has the state directory     exit: it is the one that shows
  DiskFullError        the disk is full                            throw off the ballast for a withdrawal
LedgerError            the chain of evidence is broken             sign and archive nothing, say so loudly
=====================  ==========================================  ======================================
"""


class LedsignError(Exception):
    """Base of every error this program raises on purpose."""


class ConfigError(LedsignError):
    """A configuration, policy, panel or key file is wrong; the text names file, line and key."""


class RecordingError(ConfigError):
    """A recording cannot be read; the text names file and line. To a daemon a wrong URL, to a tool bad input."""


class FeedError(LedsignError):
    """The platform could not be reached or did not keep to the feed's contract."""


class RefusedError(LedsignError):
    """A notice is refused. ``reason`` is one of the closed list; ``detail`` says where, for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class RenderError(LedsignError):
    """A notice cannot be drawn on this panel."""


class UnsupportedError(LedsignError):
    """The card family has no such ability; raised before a byte is sent."""


class ProtocolError(LedsignError):
    """Bytes that no codec should accept, or a reply that does not belong to the question."""


class CardRefusedError(LedsignError):
    """The card understood and said no; ``code`` is its own code."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message or f"card refused with code {code:#04x}")
        self.code = code


class TransportError(LedsignError):
    """The pipe to the card is closed, broken or silent. ``retry_in`` is the wait before the next try, in s."""

    def __init__(self, message: str, retry_in: float = 0.0) -> None:
        super().__init__(message)
        self.retry_in = retry_in


class CardUnusableError(TransportError):
    """The card answers and refuses what must come before its first page (a wrong password, say); ``code`` is its
    own, 0 where we refuse a card that is set to another size. To a loop a card that is not there."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class StoreError(LedsignError):
    """The state directory or its database cannot be read or written."""


class HeldError(StoreError):
    """Another process works with this state directory."""


class DiskFullError(StoreError):
    """No room left on the disk: nothing was written."""


class LedgerError(LedsignError):
    """The ledger's chain does not verify; the text names the first bad row, and so do ``seq`` and ``reason`` (one of
    ``evidence.VerifyResult``'s) where a row is to blame."""

    def __init__(self, message: str, seq: int | None = None, reason: str = "") -> None:
        super().__init__(message)
        self.seq = seq
        self.reason = reason
