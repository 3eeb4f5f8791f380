"""What a process takes of the machine, and how a part says what it found."""

import datetime
import math
import os
import subprocess
import sys
from pathlib import Path

MIB = 1024 * 1024
TICKS = os.sysconf("SC_CLK_TCK")
SEED = int(os.environ.get("CARNAC_SEED", 1))


class Process:
    """What the system says of a process that runs."""

    def __init__(self, pid):
        self.folder = Path("/proc") / str(pid)

    def _status(self, name):
        """Returns the number of a line of its status."""
        for line in (self.folder / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        raise AssertionError(f"the system tells no {name}: the process has ended")

    def rss(self):
        """Returns its resident memory, in MiB."""
        return self._status("VmRSS") / 1024

    def peak(self):
        """Returns the most resident memory that it had since it began or forgot it, in MiB."""
        return self._status("VmHWM") / 1024

    def forget_peak(self):
        """Lets the peak begin again at what is resident now."""
        (self.folder / "clear_refs").write_text("5")

    def threads(self):
        """Returns the number of its threads."""
        return self._status("Threads")

    def descriptors(self):
        """Returns the number of files and sockets that it has open."""
        return len(os.listdir(self.folder / "fd"))

    def cpu(self):
        """Returns the seconds that it computed so far."""
        fields = (self.folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


def percentile(values, share):
    """Returns the value below or at which that share of the values lies: one that was measured."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def slope(points):
    """Returns by how much y grows with each x, by least squares."""
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread


def lower_envelope(points, count):
    """Returns the lowest point of each of so many equal stretches."""
    size = max(1, len(points) // count)
    stretches = [points[place : place + size] for place in range(0, len(points), size)]
    return [min(stretch, key=lambda point: point[1]) for stretch in stretches]


class Report:
    """The figures of a part, and what was required of them."""

    def __init__(self, name, binary, **facts):
        version = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, check=True
        ).stdout.strip()
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
        now = datetime.datetime.now(datetime.UTC)
        told = [f"{name}: {now:%Y-%m-%d %H:%M} UTC", version, f"seed {SEED}"]
        told.append(f"{os.cpu_count()} cores, {memory:.0f} GiB")
        told += [f"{fact.replace('_', ' ')} {value}" for fact, value in facts.items()]
        self.failed = 0
        self.say(", ".join(told))

    def say(self, line):
        """Prints a line."""
        print(line, flush=True)

    def row(self, widths, *cells):
        """Prints cells of a table: the first to the left, the others to the right."""
        first, *rest = (
            f"{cell:,.1f}" if isinstance(cell, float) else str(cell) for cell in cells
        )
        others = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        self.say("  " + "".join([first.ljust(widths[0]), *others]))

    def require(self, what, is_met, seen):
        """Prints what is required, and what was seen."""
        self.failed += not is_met
        self.say(f"{'ok' if is_met else 'FAILED'} {what}: {seen}")

    def end(self):
        """Ends the program: with status 1 when a requirement is not met."""
        sys.exit(self.failed > 0)


def arguments(documentation, usual):
    """Returns the binary and the number of the command line, or the usual number."""
    if len(sys.argv) not in (2, 3):
        sys.exit(documentation)
    number = float(sys.argv[2]) if len(sys.argv) == 3 else usual
    return Path(sys.argv[1]).resolve(), number
