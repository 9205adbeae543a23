"""Collect the messages of ``ledsign/`` into ``zh_CN.po``, keep what is translated, compile the ``.mo``.

``--check`` writes nothing and fails when a message is not translated, left over, or not compiled.
"""

import argparse
import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

DATED = datetime(2026, 11, 21, tzinfo=UTC)  # fixed: the file changes only when a message does
ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "ledsign" / "locale" / "zh_CN" / "LC_MESSAGES"


def collect() -> Catalog:
    """The messages of the source, translated where ``zh_CN.po`` knows them, in the source's order."""
    template = Catalog()
    found = extract_from_dir(ROOT / "ledsign", [("**.py", "python")], keywords={"_": None})
    for filename, _line, message, comments, context in sorted(found, key=lambda row: (row[0], row[1])):
        template.add(message, locations=[(filename, 0)], auto_comments=comments, context=context)
    path = FOLDER / "ledsign.po"
    catalog = Catalog(locale="zh_CN", project="ledsign", header_comment="# Chinese messages of ledsign.")
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale="zh_CN")
    known = {message.id: message.string for message in catalog if message.id}
    fresh = Catalog(
        locale="zh_CN",
        project="ledsign",
        header_comment="# Chinese messages of ledsign.",
        creation_date=DATED,
        fuzzy=False,
        msgid_bugs_address="",
        last_translator="",
        language_team="",
        revision_date=DATED,
    )
    for message in template:
        if message.id:
            fresh.add(message.id, known.get(message.id, ""), locations=message.locations)
    return fresh


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    catalog = collect()
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalog, include_lineno=False, omit_header=False, width=110)
    write_mo(mo, catalog)
    missing = [message.id for message in catalog if message.id and not message.string]
    for text in missing:
        print("not translated:", text)
    if check:
        same = (FOLDER / "ledsign.mo").exists() and (FOLDER / "ledsign.mo").read_bytes() == mo.getvalue()
        if not same:
            print("ledsign.mo is not what the sources give: run make messages")
        return 1 if missing or not same else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "ledsign.po").write_bytes(po.getvalue())
    (FOLDER / "ledsign.mo").write_bytes(mo.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
