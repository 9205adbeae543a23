"""Programmes in XML, as the simulated HuiDu card reads them."""

from xml.etree.ElementTree import Element

from ledsign.protocol.huidu import xml
from ledsign.simulator.huidu_player import Area, Item, Programme, day


def copied(element: Element) -> str:
    """An element as text again, attributes and children."""
    return xml.tag(element.tag, element.attrib, *(copied(child) for child in element))


def read_programme(node: Element) -> Programme:
    """A ``program`` element. Raises ValueError for numbers that are none."""
    control = node.find("playControl")
    days = [] if control is None else [(day(d.get("start", "")), day(d.get("end", ""))) for d in control.iter("date")]
    times = [] if control is None else [(t.get("start", ""), t.get("end", "")) for t in control.iter("time")]
    return Programme(
        node.get("guid", ""),
        node.get("name", ""),
        tuple(read_area(each) for each in node.findall("area")),
        control is not None and control.get("disabled") == "true",
        tuple(days),
        tuple(times),
    )


def read_area(node: Element) -> Area:
    place, resources = node.find("rectangle"), node.find("resources")
    x, y, width, height = (
        (0 if place is None else int(place.get(key, "0"))) for key in ("x", "y", "width", "height")
    )
    if min(x, y) < 0 or not (0 < width <= 4096 and 0 < height <= 4096):
        raise ValueError("an area outside of every screen")
    items = []
    for child in () if resources is None else resources:
        file = child.find("file")
        name, md5 = ("", "") if file is None else (file.get("name", ""), file.get("md5", ""))
        items.append(Item(child.tag, name, md5, child.get("fit", "stretch")))
    return Area(x, y, width, height, tuple(items))
