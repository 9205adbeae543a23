"""Local rules on top of a disclosure policy. They may only tighten it: more items, longer terms, earlier days."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from ledsign import policyfile as form
from ledsign.policy import Category, Limits, Policy, build_item, index
from ledsign.yamlfile import YamlFile


def merge(base: Policy, override: Path) -> Policy:
    """The base tightened by a local file (``ledsign.policy-override/1``). Chains: the county's result is the base of
    the town's file, and so on down.

    Items may be added, terms and proof-reading lengthened, due days brought forward, limits lowered, words
    added. Anything that would loosen the base is a ConfigError naming file and line.
    """
    change, file = form.read(override, form.OverrideFile)
    floor = _tighter(file, ("retain_floor_days",), base.retain_floor_days, change.retain_floor_days, longer=True)
    rounds = _tighter(
        file, ("proofread_rounds",), base.approval.proofread_rounds, change.proofread_rounds, longer=True
    )
    due = base.deadlines
    deadlines = replace(
        due,
        month_day=_tighter(file, ("due", "month_fixed_day"), due.month_day, change.due.month_fixed_day),
        quarter_day=_tighter(file, ("due", "quarter_day"), due.quarter_day, change.due.quarter_day),
        realtime_hours=_tighter(file, ("due", "realtime_hours"), due.realtime_hours, change.due.realtime_hours),
    )
    limits = Limits(
        _tighter(file, ("limits", "rows"), base.limits.rows, change.limits.rows),
        _tighter(file, ("limits", "pages"), base.limits.pages, change.limits.pages),
        _tighter(file, ("limits", "bytes"), base.limits.bytes, change.limits.bytes),
    )
    categories = _changed_items(base, change, file)
    return replace(
        base,
        version=f"{base.version}+{change.version}",
        retain_floor_days=floor,
        approval=replace(base.approval, proofread_rounds=rounds),
        deadlines=deadlines,
        limits=limits,
        categories=MappingProxyType(categories),
        items=index(categories),
        sensitive_words=base.sensitive_words + tuple(change.sensitive_words),
    )


def _tighter(
    file: YamlFile, where: tuple[str | int, ...], base: int, wanted: int | None, *, longer: bool = False
) -> int:
    if wanted is None:
        return base
    if (wanted < base) if longer else (wanted > base):
        raise file.error(where, f"{wanted} would loosen the base policy's {base}")
    return wanted


def _changed_items(base: Policy, change: form.OverrideFile, file: YamlFile) -> dict[str, Category]:
    items = dict(base.items)
    for number, wanted in enumerate(change.items):
        item = items.get(wanted.code)
        if item is None:
            raise file.error(("items", number, "code"), f"the base policy has no item {wanted.code}")
        place = ("items", number, "retain_min_days")
        days = _tighter(file, place, item.retain_min_days, wanted.retain_min_days, longer=True)
        if item.until_replaced and wanted.until_replaced is False:
            raise file.error(("items", number, "until_replaced"), "would loosen the base policy")
        stays = item.until_replaced or bool(wanted.until_replaced)
        items[wanted.code] = replace(item, retain_min_days=days, until_replaced=stays)
    for number, added in enumerate(change.add_items):
        where = ("add_items", number, "code")
        if added.code in items:
            raise file.error(where, f"item {added.code} exists already")
        if added.code[:3] not in base.categories:
            raise file.error(where, f"the base policy has no category {added.code[:3]}")
        items[added.code] = build_item(added, -1, -1)
    return {
        code: replace(category, items=tuple(item for item in items.values() if item.code.startswith(code + "-")))
        for code, category in base.categories.items()
    }
