"""JupyterLab as a student meets it: a server of its own, and a notebook in a browser page."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from tests.processes import PATIENCE

START_SECONDS = CELL_SECONDS = PATIENCE
END_SECONDS = 20  # some servers never end: a thread of theirs still waits for work
BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ADDRESS = re.compile(r"http://127\.0\.0\.1:(?P<port>\d+)/lab(?:/tree/\S+)?\?token=(?P<token>\w+)\s")
SETTINGS: dict[str, dict[str, Any]] = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells far down are in the page, too
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@contextlib.contextmanager
def jupyterlab(work: Path, folder: Path) -> Iterator[str]:
    """A JupyterLab server on the folder `work`.

    Args:
        work: what the student sees.
        folder: where settings and the server's log go.

    Yields:
        The address to open a file by: add its path and the rest of the query.
    """
    for name, values in SETTINGS.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "DLCORE"))}
    environment = kept | {
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += ["--ServerApp.port=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={work}"]
    with open(folder / "server.log", "wb") as log:
        server = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        port = _port(server, folder)
        yield f"http://127.0.0.1:{port}/lab/tree/{{path}}?token={token}"
    finally:
        server.terminate()  # takes its kernels along
        try:
            server.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@dataclass(frozen=True)
class Lab:
    """A server that ``dlcore lab`` started: the command's process, its address without a path, and its token."""

    command: subprocess.Popen[bytes]
    address: str
    token: str

    def get(self, path: str) -> Any:
        """The server's answer to a question of its API."""
        request = urllib.request.Request(self.address + path, headers={"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
            return json.load(answer)


@contextlib.contextmanager
def dlcore_lab(command: list[str], folder: Path, base: Mapping[str, str] = os.environ) -> Iterator[Lab]:
    """What ``dlcore lab`` makes of a folder: a server that answers.

    Args:
        command: the command, to be run in `folder`.
        folder: where the server's settings and its log go, too.
        base: the environment, but for variables of Jupyter and dlcore.
    """
    settings = {"ServerApp": {"allow_root": True, "ip": "127.0.0.1", "port": 0, "open_browser": False}}
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(settings))
    kept = {name: value for name, value in base.items() if not name.startswith(("JUPYTER", "DLCORE"))}
    places = {"CONFIG": "config", "DATA": "data", "RUNTIME": "runtime"}
    environment = kept | {f"JUPYTER_{name}_DIR": str(folder / place) for name, place in places.items()}
    terminal, inside = os.openpty()  # without a terminal, JupyterLab takes Ctrl-C for an error
    streams = {"stdin": inside, "stderr": subprocess.STDOUT, "start_new_session": True}
    with open(folder / "lab.log", "wb") as log:
        lab = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, **streams)
    try:
        found = _address(lab, folder / "lab.log")
        said = Lab(lab, f"http://127.0.0.1:{found['port']}/", found["token"])
        _wait_for(said)
        yield said
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(lab.pid, signal.SIGKILL)  # the server, too
        lab.wait()
        os.close(terminal)
        os.close(inside)


def _wait_for(lab: Lab) -> None:
    """Wait until a server answers, which says its address before it listens."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            lab.get("api/status")
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _address(lab: subprocess.Popen[bytes], log: Path) -> re.Match[str]:
    """The port and the token in what the server says."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and lab.poll() is None:
        found = re.search(
            r"http://127\.0\.0\.1:(?P<port>\d+)/lab(?:/tree/\S+)?\?token=(?P<token>\w+)\s", log.read_text()
        )
        if found:
            return found
        time.sleep(0.1)
    raise RuntimeError(f"dlcore lab did not start:\n{log.read_text()[-3000:]}")


def _port(server: subprocess.Popen[bytes], folder: Path) -> int:
    """The port that the server chose, once it answers there."""
    note = folder / "runtime" / f"jpserver-{server.pid}.json"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError, ValueError):
            told = json.loads(note.read_text())
            address = f"http://127.0.0.1:{told['port']}/api/status?token={told['token']}"
            with urllib.request.urlopen(address, timeout=START_SECONDS):
                return int(told["port"])
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{(folder / 'server.log').read_text()[-3000:]}")


class NotebookPage:
    """A notebook open in JupyterLab, and what a student does with it."""

    def __init__(self, page: Any, address: str, path: Path, work: Path):
        self.page = page
        page.set_default_timeout(PATIENCE * 1000)
        self.cells = nbformat.read(path, as_version=4).cells
        page.goto(address.format(path=path.relative_to(work).as_posix()))
        self.notebook = page.locator(".jp-NotebookPanel:visible .jp-Notebook")
        self.notebook.locator(".jp-Cell").nth(len(self.cells) - 1).wait_for(state="attached", timeout=PATIENCE * 1000)
        self.wait_until_idle()

    def number(self, start: str) -> int:
        """The place of the first cell whose text begins with `start`."""
        for number, cell in enumerate(self.cells):
            if cell.source.startswith(start):
                return number
        raise LookupError(start)

    def cell(self, number: int) -> Any:
        return self.notebook.locator(".jp-Cell").nth(number)

    def wait_until_idle(self) -> None:
        """Wait until JupyterLab's own indicator says that the kernel has nothing to do."""
        idle = self.page.locator('.jp-NotebookPanel:visible .jp-Notebook-ExecutionIndicator[data-status="idle"]')
        idle.wait_for(state="visible", timeout=CELL_SECONDS * 1000)

    def run(self, number: int) -> str:
        """Run a cell with Ctrl+Enter; returns the text of its outputs."""
        cell = self.cell(number)
        cell.scroll_into_view_if_needed()
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        deadline, again = time.monotonic() + CELL_SECONDS, 0.0
        while prompt.inner_text() == before or not re.search(r"\d", prompt.inner_text()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"cell {number} did not run: {prompt.inner_text()!r}")
            if prompt.inner_text() == before and time.monotonic() > again:  # a busy page may lose a key
                try:
                    cell.locator(".cm-content, .jp-Placeholder-prompt").first.click()
                except Exception as problem:
                    problem.add_note(f"dialogs: {self.page.locator('dialog.jp-Dialog').all_inner_texts()}")
                    raise
                self.page.keyboard.press("Control+Enter")
                again = time.monotonic() + 20
            self.page.wait_for_timeout(50)
        self.wait_until_idle()
        return self.output(number)

    def output(self, number: int) -> str:
        return "\n".join(self.cell(number).locator(".jp-OutputArea-output").all_inner_texts())

    def type_solution(self, number: int, lines: list[str], replaced: int) -> None:
        """Replace the last `replaced` lines of a function's cell by typing `lines` at their indent."""
        self.cell(number).scroll_into_view_if_needed()
        self.cell(number).locator(".cm-content").click()
        keyboard = self.page.keyboard
        keyboard.press("Control+End")
        keyboard.press("Home")  # to the first letter of the last line
        for _ in range(replaced - 1):
            keyboard.press("ArrowUp")
        keyboard.press("Shift+Control+End")
        for place, line in enumerate(lines):
            if place:
                keyboard.press("Enter")  # JupyterLab keeps the indent
            keyboard.type(line, delay=5)

    def code(self, number: int) -> str:
        """What stands in a cell's editor."""
        return "\n".join(self.cell(number).locator(".cm-line").all_inner_texts()).replace("\u200b", "")

    def picture(self, number: int) -> str:
        """A digest of the picture that the cell's widget shows now; "" while one picture replaces another."""
        script = """async image => {
            if (!image.complete || !image.naturalWidth) return '';
            try {
                return Array.from(new Uint8Array(await (await fetch(image.src)).arrayBuffer())).join(' ');
            } catch {
                return '';
            }
        }"""
        text = self.cell(number).locator("img.widget-image, .widget-image img").first.evaluate(script)
        return text and hashlib.sha256(text.encode()).hexdigest()

    def sentence(self, number: int) -> str:
        return self.cell(number).locator('[role="status"]').first.inner_text()

    def new_picture(self, number: int, before: str) -> str:
        """A digest of the widget's picture once it is another one and stays as it is."""
        deadline = time.monotonic() + CELL_SECONDS
        last, now = before, before
        while now in (before, "") or now != last:
            if time.monotonic() > deadline:
                raise TimeoutError("the picture stays as it was, or changes all the time")
            self.page.wait_for_timeout(300)
            last, now = now, self.picture(number)
        return now

    def readouts(self, number: int) -> list[str]:
        """The numbers beside the widget's sliders."""
        return self.cell(number).locator(".widget-readout").all_inner_texts()

    def press_on_slider(self, number: int, slider: int, key: str, times: int = 1) -> None:
        handle = self.cell(number).locator(".noUi-handle").nth(slider)
        handle.focus()
        for _ in range(times):
            self.page.keyboard.press(key)
