"""The lake of the samples, served while queries are asked."""

import random
import sys
import tempfile
from pathlib import Path

from lake import Lake, stop


def main(name, usage, most, ask):
    """Makes it, and ends with the status of ask(lake, address, count, seed): `most` queries unless told."""
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(usage)
    binary, *numbers = sys.argv[1:]
    count, seed = [*map(int, numbers), *(most, random.randrange(10**6))[len(numbers) :]]
    print(f"{name}: {count} queries, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="carnac-wire-") as folder:
        lake = Lake(Path(binary).resolve(), Path(folder) / "lake")
        lake.run("demo", "--once")
        server, [_, address] = lake.start_both()
        try:
            status = ask(lake, address, count, seed)
        finally:
            stop(server)
    sys.exit(status)
