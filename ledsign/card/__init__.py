"""A card of any family on any line: send, wait for the answer, repeat, reconnect, reconcile."""

from ledsign.card.connection import link_of
from ledsign.card.driver import Card
from ledsign.card.meter import LinkStatus
from ledsign.card.patience import Patience

__all__ = ["Card", "LinkStatus", "Patience", "link_of"]
