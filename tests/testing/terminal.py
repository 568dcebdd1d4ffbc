"""A real terminal for end-to-end tests: a shell in a window of tmux, typed into and looked at."""

import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

# The longest that a screen may take to show what is waited for.
SCREEN_SECONDS = 60
LOOK_SECONDS = 0.05


@dataclass
class Outcome:
    """What a command left on the ordinary screen."""

    exit_code: int
    output: str


class Terminal:
    """A window of its own, with the built programs on its PATH, in an empty folder."""

    def __init__(self, server: str, columns: int = 100, lines: int = 30, **environment: str) -> None:
        self._own_folder = tempfile.TemporaryDirectory(prefix="trainyard-terminal-")
        self.folder = Path(self._own_folder.name)
        self._commands = 0
        self._environment = {
            "LC_ALL": "C.UTF-8",
            "PATH": f"{os.environ['TRAINYARD_BIN']}:/usr/bin:/bin",
            "PS1": "$ ",
            "TERM": "screen",
            "TRAINYARD_SERVER": server,
            **environment,
        }
        size = ["-x", str(columns), "-y", str(lines)]
        shell = ["/bin/bash", "--norc", "--noprofile"]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-c", self.folder, *size, *shell)
        self._tmux("pipe-pane", f"cat > {self._transcript}")
        self.wait_until(lambda screen: screen.startswith("$"))

    @property
    def _transcript(self) -> Path:
        return self.folder / ".transcript"

    def _tmux(self, *arguments: object) -> str:
        # -u: UTF-8 whatever the locale of the tests.
        command = ["tmux", "-u", "-S", self.folder / ".tmux", *arguments]
        done = subprocess.run(
            [str(word) for word in command],
            env=self._environment,
            check=True,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            timeout=SCREEN_SECONDS,
        )
        return done.stdout

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server")
        self._own_folder.cleanup()

    # ---- The keyboard

    def begin(self, command: str) -> None:
        """Types the command, and one that prints its exit code."""
        self._commands += 1
        self._tmux("send-keys", "-l", f'{command}; echo "[{self._commands}] $?"')
        self.press("Enter")

    def press(self, key: str) -> None:
        """As tmux names it: Enter, C-c."""
        self._tmux("send-keys", key)

    def run(self, command: str) -> Outcome:
        self.begin(command)
        return self.finish()

    def finish(self) -> Outcome:
        """Waits for the end of the command that was begun."""
        typed = re.escape(f'; echo "[{self._commands}] $?"')
        whole = re.compile(rf"{typed} *\n(.*?)^\[{self._commands}\] (\d+) *$", re.DOTALL | re.MULTILINE)
        found = whole.search(self._wait(self._ordinary_screen, lambda text: bool(whole.search(text))))
        return Outcome(int(found.group(2)), found.group(1))

    # ---- The screen

    def resize(self, columns: int, lines: int) -> None:
        self._tmux("resize-window", "-x", columns, "-y", lines)

    def screen(self) -> str:
        """What is seen now, a line of text for each of the window, trailing spaces cut."""
        return self._tmux("capture-pane", "-p")

    def coloured_screen(self) -> str:
        """The same with the escape sequences of its colours."""
        return self._tmux("capture-pane", "-p", "-e")

    def on_the_other_screen(self) -> bool:
        return self._tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    def transcript(self) -> str:
        """All that was written to the window, also what was overwritten since."""
        return self._transcript.read_text(encoding="utf-8", errors="replace")

    def wait_until(self, reached: Callable[[str], bool]) -> str:
        """The first screen that has `reached` what is waited for."""
        return self._wait(self.screen, reached)

    def wait_for(self, pattern: str) -> str:
        """The first screen on which the regular expression is found."""
        return self.wait_until(lambda screen: re.search(pattern, screen) is not None)

    def _ordinary_screen(self) -> str:
        """With what has scrolled off and lines joined that the window has wrapped; empty while the other is shown."""
        if self.on_the_other_screen():
            return ""
        return self._tmux("capture-pane", "-p", "-J", "-S", "-")

    def _wait(self, look: Callable[[], str], reached: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + SCREEN_SECONDS
        while True:
            seen = look()
            if reached(seen):
                return seen
            if time.monotonic() > deadline:
                raise AssertionError(f"the screen never showed what was waited for, but:\n{self.screen()}")
            time.sleep(LOOK_SECONDS)
