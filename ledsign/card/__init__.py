"""A card of any family on any line: send, wait for the answer, repeat, reconnect, reconcile."""

from ledsign.card.conversation import Patience
from ledsign.card.driver import Card

__all__ = ["Card", "Patience"]
