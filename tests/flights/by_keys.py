"""Flies the lab by keys in a real terminal (tmux) and writes down what the screen said.

`python -m tests.flights.by_keys 80x24 docs/flights/80x24.md`: a lab of its own, wave 1, wave 2
taken back by a trigger between fence and start, wave 2 again; then the checker. Needs Java, Maven
and tmux. With `--link 300 50000` behind it the screen is 300 ms away, at 50 kB/s.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cockpit.lab
from cockpit.lab.checker import check
from tests.flights.real import drill_signal, drilled_plan


class Terminal:
    """A tmux server of our own with one window of a fixed size."""

    def __init__(self, columns: int, rows: int, command: str) -> None:
        self._socket = f"cockpit-keys-{columns}x{rows}"
        self._tmux("kill-server", check=False)
        size = ["-x", str(columns), "-y", str(rows)]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-s", "keys", *size, command)

    def _tmux(self, *words: str, check: bool = True) -> str:
        command = ["tmux", "-L", self._socket, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def press(self, *keys: str) -> None:
        """Type."""
        self._tmux("send-keys", "-t", "keys", *keys)

    def screen(self) -> str:
        """What it shows now."""
        return self._tmux("capture-pane", "-t", "keys", "-p")

    def until(self, pattern: str, within_s: float = 90.0) -> str:
        """The first screen that matches."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            text = self.screen()
            if re.search(pattern, text):
                return text
            time.sleep(0.2)
        raise AssertionError(f"{pattern!r} did not show up:\n{self.screen()}")

    def close(self) -> None:
        """End the server."""
        self._tmux("kill-server", check=False)


class Report:
    """Markdown, capture by capture. The lab's folder and its ports are not of interest."""

    def __init__(self, title: str, hide: Path) -> None:
        self._parts = [f"# {title}\n"]
        self._hide = str(hide)

    def say(self, text: str) -> None:
        self._parts.append(text + "\n")

    def show(self, caption: str, screen: str) -> None:
        text = "\n".join(line.rstrip() for line in screen.rstrip().splitlines())
        self._parts.append(f"{caption}\n\n```text\n{text.replace(self._hide, 'LAB')}\n```\n")

    def write(self, path: Path) -> None:
        path.write_text("\n".join(self._parts))


def confirmed(terminal: Terminal, key: str) -> str:
    """Press a verb's key, wait out the guard, confirm, say the wave's name; the dialog as it was.

    On a busy machine, or where the screen is far away, the evidence may change before the key
    arrives or while the dialog is open: then it is rightly refused, or closes. Once more.
    """
    for _ in range(8):
        terminal.until(r" A +advance")
        terminal.press(key)
        try:
            dialog = terminal.until(r"press Y to confirm", 12.0)
        except AssertionError:
            continue
        time.sleep(1.0)
        terminal.press("Y")
        end = time.monotonic() + 5
        named = False
        while time.monotonic() < end:
            screen = terminal.screen()
            if re.search(r"RUNNING|confirmed:", screen):
                return dialog
            if not named and (asked := re.search(r"type (\S+) to confirm", screen)):
                terminal.press(asked[1], "Enter")
                named = True
            time.sleep(0.2)
        if named:
            terminal.press("Escape")
    raise AssertionError(f"{key} was never confirmed:\n{terminal.screen()}")


def fly(terminal: Terminal, report: Report, trip: Callable[[float], None]) -> None:
    """The flight itself."""
    ready = r"readers.*READY(?s:.*)[5-9] of \d+ pass|A +advance"
    report.show("Both clusters answer, the gates of wave 1 pass.", terminal.until(ready))
    report.show("`A` arms and shows what it would do.", confirmed(terminal, "A"))
    report.show("`Y` confirms; the readers move.", terminal.until(r"soak +running"))
    terminal.until(r"2/4 pricing")
    report.show("Wave 2 fences a topic: `A` says so.", confirmed(terminal, "A"))
    fenced = terminal.until(r"WRITES: FENCED")
    trip(0.5)
    report.show("Writes are fenced; the clock runs.", fenced)
    back = terminal.until(r"ROLLED BACK|rolled back")
    report.show("An error burst trips the trigger; the wave comes back by itself.", back)
    trip(0.0)
    confirmed(terminal, "A")
    done = terminal.until(r"3/4 fulfilment")
    report.show("Flown again, wave 2 goes through.", done)
    terminal.press("2")
    time.sleep(1.5)
    report.show("`2`: lag per partition, worst first.", terminal.screen())
    terminal.press("0")
    time.sleep(0.5)
    terminal.press("q")
    report.show("`q` asks first: the flight goes on.", terminal.until(r"(?i)the flight goes on"))
    terminal.press("y")
    report.show("Left.", terminal.until(r"without this screen"))


def say(line: str) -> None:
    """Progress."""
    sys.stderr.write(line + "\n")


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.flights.by_keys")
    parser.add_argument("size", help="of the terminal, as 80x24")
    parser.add_argument("file", type=Path, help="Markdown that is written")
    parser.add_argument("--link", nargs=2, type=int, metavar=("DELAY_MS", "BYTES_PER_S"))
    return parser.parse_args()


def main() -> int:
    """One flight by keys."""
    wanted = options()
    columns, rows = (int(part) for part in wanted.size.split("x"))
    far, over = "", ""
    if wanted.link:
        delay_ms, bytes_per_s = wanted.link
        # what sshd sets, so that the screen finds out by itself
        far = "SSH_CONNECTION='127.0.0.1 1 127.0.0.1 22' "
        over = f"{sys.executable} -m tests.flights.slow_link {delay_ms} {bytes_per_s} "
    with tempfile.TemporaryDirectory() as temporary, drill_signal() as drill:
        folder = Path(temporary)
        lab = cockpit.lab.up(folder / "lab", say)
        plan = drilled_plan(lab.folder / "plan.yaml", drill, folder / "plan.yaml")
        command = (
            f"XDG_STATE_HOME={folder} XDG_RUNTIME_DIR={folder} {far}"
            f"{over}{sys.executable} -m cockpit run {plan}; exec sleep 600"
        )
        terminal = Terminal(columns, rows, command)
        behind = ", behind a slow link" if wanted.link else ""
        report = Report(f"A flight by keys at {columns}x{rows}{behind}", folder)
        report.say(
            "Real Kafka 2.8.2 to real Kafka 4.3.1, in tmux, typed and captured by "
            "`python -m tests.flights.by_keys`."
        )
        if wanted.link:
            report.say(
                f"The screen is {delay_ms} ms away in each direction, at {bytes_per_s} bytes a "
                "second (simulated on the pseudo-terminal)."
            )
        try:
            fly(terminal, report, lambda value: setattr(drill, "value", value))
            time.sleep(6)
            found = check(lab.folder)
            report.say(
                f"The checker, which shares no code with cockpit: {found.lost} lost, "
                f"{found.reordered} out of order, {found.duplicated} read twice "
                f"of {found.as_json()['settled']} settled."
            )
            report.write(wanted.file)
        finally:
            terminal.close()
            subprocess.run(["pkill", "-f", f"cockpit engine {folder}"], check=False)
            cockpit.lab.down(lab.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
