"""The pictures on a sign's disk: which label holds which, and which may be written over."""

from collections import OrderedDict
from hashlib import sha256

from ledsign.protocol.jetfile2.files import MAX_FILE

DARK = "0"  # holds the black picture and nothing else: who writes it never spoils what is on the glass
_LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456"
_LEAST = 4  # places: one stands, one is cut in, one is about to be, and one is written
_ROOM = _LEAST * MAX_FILE


class Shelf:
    """Least recently shown first. A picture in use is never written over."""

    def __init__(self) -> None:
        self.forget(MAX_FILE)

    def forget(self, longest: int) -> None:
        """Nothing is known of the disk; there is room for so many pictures as are sure to fit in, each at most
        ``longest`` bytes."""
        places = max(_LEAST, min(len(_LABELS), _ROOM // longest))
        self._held: OrderedDict[str, bytes | None] = OrderedDict.fromkeys(_LABELS[:places])  # None: never written
        self._standing = self._cut = self._named = ""

    def find(self, picture: bytes) -> str | None:
        """The label under which the sign holds this picture."""
        wanted = sha256(picture).digest()
        return next((label for label, held in self._held.items() if held == wanted), None)

    def free(self) -> str:
        """A label to write to; what it held is forgotten."""
        label = next(each for each in self._held if each not in self._used)
        self.drop(label)
        return label

    @property
    def _used(self) -> set[str]:
        return {self._standing, self._cut, self._named}

    def crowd(self) -> bool:
        """The disk is full: from now on only what lies there is written over; whether there is something."""
        written = [label for label, held in self._held.items() if held is not None]
        if not set(written) - self._used or len(written) == len(self._held):
            return False
        self._held = OrderedDict((label, self._held[label]) for label in written)
        return True

    def put(self, label: str, picture: bytes) -> None:
        """The picture is on the sign."""
        self._held[label] = sha256(picture).digest()

    def drop(self, label: str) -> None:
        """What lies there is not what was put there."""
        if self._held[label] is not None:
            self._held[label] = b""

    def named(self, label: str) -> None:
        """The sign is about to be told to show it. It may, even if we are interrupted."""
        self._named = label

    def shown(self, label: str, *, standing: bool, cut: bool) -> None:
        """It stands until another does, or was cut in, or both."""
        if label != DARK:
            self._held.move_to_end(label)
        if standing:
            self._standing = label
        if cut:
            self._cut = label
