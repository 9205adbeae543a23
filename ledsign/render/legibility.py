"""Whether a panel's text can be read from where people stand.

Angles after the reading research behind the policy: under the floor not everyone can read Chinese text at all,
from the target on they read at full speed; an emergency is set larger still.
"""

from dataclasses import dataclass
from enum import StrEnum

from ledsign.panel import Panel
from ledsign.policy import Legibility
from ledsign.render.band import Band
from ledsign.render.fonts import Face, Role, choose


class Sight(StrEnum):
    """How a character height does."""

    GOOD = "good"  # at least the target
    FAIR = "fair"  # lawful, below the target
    REFUSED = "refused"  # below the floor, or fewer LEDs than a hanzi needs


@dataclass(frozen=True, slots=True)
class Verdict:
    """The smallest text the panel shows (tables, captions, the header band) and that of an emergency: LEDs,
    arc minutes from the viewing distance, millimetres. ``farthest_m``: where the smallest still has the target."""

    sight: Sight
    px: int
    arcmin: float
    mm: float
    farthest_m: float
    emergency_px: int
    emergency_arcmin: float


def verdict(panel: Panel, rule: Legibility) -> Verdict:
    """What the renderer would choose for this panel, judged. A profile whose ``text_px`` is too small is raised
    by the renderer where the panel has room; REFUSED means that it has none, or none for a line of four characters
    below the header band."""
    px = choose(panel, rule.floor_arcmin, Role.SMALL).cell
    emergency = max(px, choose(panel, rule.emergency_arcmin, Role.EMERGENCY).cell)
    seen = panel.arcmin(px)
    sight = Sight.GOOD if seen >= rule.target_arcmin else Sight.FAIR
    cramped = panel.width < 4 * px or panel.height < Band.height(Face(px)) + px
    if seen < rule.floor_arcmin or px < rule.min_px or cramped:
        sight = Sight.REFUSED
    farthest = panel.distance_m * seen / rule.target_arcmin  # at these angles the tangent is the angle
    return Verdict(sight, px, seen, px * panel.pitch_mm, farthest, emergency, panel.arcmin(emergency))
