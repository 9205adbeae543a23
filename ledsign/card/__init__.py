"""A card of any family on any line: send, wait for the answer, repeat, reconnect, reconcile."""

from ledsign.card.conversation import Patience
from ledsign.card.driver import Card, link_of
from ledsign.card.meter import LinkStatus

__all__ = ["Card", "LinkStatus", "Patience", "link_of"]
