"""The Tang poems of the npm package chinese-poetry: fetched, cleaned, simplified.

    python -m examples.poems.corpus FOLDER

says how many poems of which form there are.

npm brings the package, with the user's own settings (registry, proxy), and nothing of
it is run. The poems are in the public domain; the package is under the MIT licence.
"""

import argparse
import collections
import dataclasses
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kewen.errors import DataError, MissingExtraError
from kewen.files import sha256_file
from kewen.poems import Form
from kewen.poems.form import CHARACTERS, LINES

PACKAGE = "chinese-poetry@2.0.1"
SHA256 = "25b549e46919c3a0569db6b68ddc96956b04a484ea4518ad2bbd4f137e307e86"
MEMBERS = re.compile(r"package/dist/quantangshi/poet\.tang\.\d+\.json")
HELD_OUT = 50  # one poem in so many

# Editors' notes and signs within a poem.
_NOTES = re.compile(
    r"（[^（）]*）|〖[^〖〗]*〗|\[[^\[\]]*\]|\{[^{}]*\}|〈[^〈〉]*〉|[「」『』《》“”]"
)
_LINE_ENDS = re.compile("[，。？！；：、]")
_NO_CHARACTER = re.compile("[^\u3400-\u9fff\U00020000-\U0003ffff]|囗")

# Old shapes that OpenCC leaves as they are, and how they are written today.
VARIANTS = """
疎疏劒剑鴈雁猨猿慙惭簷檐鬬斗徧遍櫂棹斾旆嬾懒堦阶媿愧蘂蕊褭袅廻回臯皋秪只秖只珮佩覩睹煖暖
髪发暎映桮杯飜翻歛敛妬妒隣邻檝楫呌叫罇樽逈迥鏁锁巵卮竝并荅答僊仙牋笺羇羁覊羁燄焰鵶鸦栢柏
嚬颦隄堤棃梨缾瓶碁棋粧妆趂趁麤粗麄粗壻婿牕窗窓窗窻窗醆盏珪圭懃勤鸎莺牓榜筯箸慇殷藂丛緜绵
悮误虵蛇槃盘帬裙懽欢驩欢蔕蒂椀碗盌碗邨村峩峨怱匆悤匆飡餐彊强毘毗崄险衞卫蜺霓汚污畧略穉稚
欵款輭软諠喧筭算犂犁嵒岩嵓岩蕚萼効效遯遁搆构胷胸轝舆姪侄磵涧拏拿塲场勅敕旛幡賸剩廐厩椶棕
秔粳湼涅襃褒厓崖輙辄鷰燕羗羌蠭蜂嗁啼隟隙菓果蛬蛩倂并恡吝匳奁澁涩碪砧鼈鳖瓌瑰頳赪刼劫蹏蹄
濶阔畊耕翺翱蜨蝶皐皋甎砖荳豆謌歌躭耽緫总韈袜徃往餙饰駈驱憇憩婬淫顦憔顇悴髣仿髴佛颕颖鳯凤
勗勖尅克
"""


@dataclasses.dataclass(frozen=True)
class Poem:
    """A poem in lines of equal length, in simplified characters."""

    title: str
    lines: tuple[str, ...]

    @property
    def form(self) -> Form:
        """How many lines of how many characters."""
        return Form(len(self.lines), len(self.lines[0]))

    @property
    def is_held_out(self) -> bool:
        """Whether it is among those that the writer does not read."""
        digest = hashlib.sha256("".join(self.lines).encode()).digest()
        return int.from_bytes(digest[:8]) % HELD_OUT == 0


def fetch(folder: Path) -> Path:
    """The package's archive, from `folder` if it is there and sound, else by npm.

    Raises:
        MissingExtraError: if there is no npm.
        DataError: if npm brings nothing, or another file than the one expected.
    """
    archive = folder / "chinese-poetry-2.0.1.tgz"
    if not archive.is_file():
        npm = shutil.which("npm")
        if npm is None:
            raise MissingExtraError(
                f"npm brings the poems ({PACKAGE}). Received: no npm on this machine. "
                f"Install it, or put the package's archive at {archive}."
            )
        folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "pack", PACKAGE, "--ignore-scripts", "--pack-destination"]
        done = subprocess.run([*command, str(folder)], capture_output=True, text=True)
        if done.returncode:
            raise DataError(
                f"npm must bring {PACKAGE}. Received: {done.stderr[-300:]!r}. Check "
                "the network and npm's registry."
            )
    if (found := sha256_file(archive)) != SHA256:
        raise DataError(
            f"{archive} is not the archive expected: its SHA-256 is {found} instead of "
            f"{SHA256}. Delete it and try again."
        )
    return archive


def poems_of(archive: Path) -> list[Poem]:
    """All whole poems in lines of 5 or 7 characters, each once, simplified."""
    simplify = simplifier()
    found: dict[tuple[str, ...], Poem] = {}
    for entry in _entries(archive):
        title = simplify(_NOTES.sub("", entry["title"]))
        lines = _lines(simplify("".join(entry["paragraphs"])))
        if lines is not None and lines not in found:
            found[lines] = Poem("".join(filter(_is_character, title)), lines)
    return list(found.values())


def split(poems: Iterable[Poem]) -> tuple[list[Poem], list[Poem]]:
    """Those to read and those held out, which have not one line in common."""
    poems = list(poems)
    lines = {line for poem in poems if not poem.is_held_out for line in poem.lines}
    held_out = [
        poem for poem in poems if poem.is_held_out and not lines & {*poem.lines}
    ]
    return [poem for poem in poems if not poem.is_held_out], held_out


def simplifier() -> Any:
    """A function that writes a text in today's simplified characters.

    Raises:
        MissingExtraError: if OpenCC is not installed.
    """
    try:
        import opencc
    except ImportError as error:
        raise MissingExtraError(
            "The poems are turned to simplified characters by OpenCC. Received: it is "
            "not installed. Run: pip install 'kewen[poems]'."
        ) from error
    convert = opencc.OpenCC("t2s").convert
    pairs = "".join(VARIANTS.split())
    table = str.maketrans(pairs[::2], pairs[1::2])
    return lambda text: convert(text).translate(table)


def _entries(archive: Path) -> Iterator[dict[str, Any]]:
    with tarfile.open(archive) as tar:
        members = [each for each in tar if MEMBERS.fullmatch(each.name)]
        for member in sorted(members, key=lambda each: each.name):
            file = tar.extractfile(member)
            if file is not None:
                yield from json.load(file)


def _lines(text: str) -> tuple[str, ...] | None:
    """The lines of a poem; None if it is broken, or of another form."""
    while (cleaned := _NOTES.sub("", text)) != text:
        text = cleaned
    lines = tuple(filter(None, _LINE_ENDS.split(text)))
    lengths = {len(line) for line in lines}
    is_regular = len(lines) in LINES and lengths in [{each} for each in CHARACTERS]
    return lines if is_regular and not _NO_CHARACTER.search("".join(lines)) else None


def _is_character(sign: str) -> bool:
    return not _NO_CHARACTER.match(sign)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="keeps the package's archive")
    poems = poems_of(fetch(parser.parse_args().folder))
    read, held_out = split(poems)
    forms = collections.Counter((p.form.characters, p.form.lines) for p in poems)
    for (characters, lines), count in sorted(forms.items()):
        print(f"{lines:3} lines of {characters}: {count:6}")
    print(f"{len(read)} to read, {len(held_out)} held out")


if __name__ == "__main__":
    main()
