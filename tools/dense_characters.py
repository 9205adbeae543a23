"""Write fonts/dense.txt: characters of the general list, its 3 500 everyday ones aside, of more than 16 strokes.

    python tools/dense_characters.py /usr/share/unicode/Unihan_IRGSources.txt.bz2 fonts/dense.txt

The first file is from Debian's unicode-data; its property kTotalStrokes gives the strokes, first value: as written
in China.
"""

import bz2
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ledsign.render import charset

STROKES = 16
EVERYDAY = 3500  # the general list's first part: what everyone learns at school
HEAD = (
    "# Characters beyond the everyday 3 500 of the general list that have more than 16 strokes, by code point.\n"
    "# Derived from the property kTotalStrokes of Unihan_IRGSources.txt, Unicode 15.0.0 (Debian unicode-data "
    "15.0.0-1); see UNICODE-LICENSE.txt.\n"
)


def main() -> int:
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    strokes: dict[int, int] = {}
    for line in bz2.decompress(source.read_bytes()).decode("utf-8").splitlines():
        code, _, rest = line.partition("\tkTotalStrokes\t")
        if rest:
            strokes[int(code[2:], 16)] = int(rest.split()[0])
    wanted = sorted(cp for cp in map(ord, charset.text("tgh.txt")[EVERYDAY:]) if strokes[cp] > STROKES)
    lines = [wanted[start : start + 50] for start in range(0, len(wanted), 50)]
    target.write_text(HEAD + "".join("".join(map(chr, line)) + "\n" for line in lines), encoding="utf-8")
    print(f"{len(wanted)} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
