"""Reads spoiled files, one after the other, and says on stdout how each of them ended.

Started by `fuzz_pool`, since a reader may crash, hang or eat up the memory: a case that
takes too much processor time is ended by the kernel, and one that asks for too much
memory gets a MemoryError, which is no error of kewen's. By hand, to see one again:

    python tests/fuzz/fuzz_worker.py light '[["torch zip", 17, 18]]' SCRATCH_FOLDER
"""

import json
import re
import resource
import signal
import sys
import traceback
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent)]

from fuzz_readers import ROWS, Reader, Values, case  # noqa: E402

from kewen.checkpoints import WeightsWarning  # noqa: E402
from kewen.errors import KewenError  # noqa: E402

MEMORY_BYTES = 3 << 29  # more than a worker has when it is warm: the end
GROWTH_BYTES, GROWTH_RATIO = 96 << 20, 16  # that a case may take: this, and of its size


def main(group: str, plan: str, scratch: str) -> None:
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", WeightsWarning)
    for message in (".*__array__ implementation.*", "os.fork"):
        warnings.filterwarnings("ignore", message)
    rows = {row.name: row for row in ROWS[group]()}
    wanted = json.loads(plan)
    sound = {}
    for name, _, _ in wanted:
        folder = Path(scratch) / re.sub(r"\W", "_", name)
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in rows[name].files.items():
            (folder / file).write_bytes(content)
        sound[name] = folder, rows[name].read(folder)
    limit = _status("VmSize") + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, first, last in wanted:
        for number in range(first, last):
            print(f"> {name}\t{number}", flush=True)
            complaint = _run(rows[name], number, *sound[name])
            if complaint:
                print("! " + json.dumps([name, number, complaint]), flush=True)


def _run(reader: Reader, number: int, folder: Path, sound: Values | None) -> str | None:
    """What is wrong with how a case ended, or None."""
    target, data, unaware = case(reader, number)
    path = folder / target
    path.write_bytes(data)
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
    before = _status("VmRSS")
    signal.setitimer(signal.ITIMER_PROF, reader.seconds)
    try:
        found = reader.read(folder)
    except KewenError as error:
        found = None
        if len(str(error)) > 20_000 + len(data):
            return f"message of {len(str(error))} characters"
    except BaseException:
        return traceback.format_exc(limit=-6)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        grown = _status("VmHWM") - before
        path.write_bytes(reader.files[target])
    if grown > GROWTH_BYTES + GROWTH_RATIO * len(data):
        return f"memory grew by {grown} bytes for {len(data)}"
    if found is not None and sound is not None and reader.checksums and unaware:
        others = set(found.values()) - set(sound.values())
        if others:
            return f"checksums let other values pass: {sorted(map(str, others))[:3]}"
    return None


def _status(field: str) -> int:
    text = Path("/proc/self/status").read_text()
    return 1024 * int(text.partition(f"{field}:")[2].split()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
