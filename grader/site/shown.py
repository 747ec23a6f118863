"""What a lesson's cells show when the reference notebook runs: texts, pictures, and widgets as pictures.

Only plain and demo cells are shown, so nothing of a solution or of a hidden check is in it.
The result is cached by a digest of all that it depends on.
"""

from __future__ import annotations

import base64
import io
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from html import unescape
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

from grader.errors import BuildError
from grader.lessons.build import compose_lesson
from grader.lessons.course import Course
from grader.lessons.executed import Executed, execute, executed_digest
from grader.lessons.notebooks import course_metadata, is_check, support_files
from grader.lessons.parser import Lesson
from grader.lessons.roles import Role

__all__ = ["Shown", "outputs_of"]

FORMAT = 4  # of the cached outputs
SHOWN = (Role.CODE, Role.DEMO)
STATE = re.compile(r"^(progress|hint|guess)\(", re.MULTILINE)  # what such a cell shows is about a student
STILL = re.compile(
    r'<img alt="(?P<alt>[^"]*)" src="data:image/png;base64,(?P<png>[^"]+)"><p>(?P<sentence>.*)</p>', re.DOTALL
)
PAGE = re.compile(  # a widget that plays without a kernel: a still picture, and a script that replaces it
    r'(?P<still><div class="dl-\w+-place".*</div>)<style>(?P<style>.*)</style><script>(?P<script>.*)</script>',
    re.DOTALL,
)


@dataclass
class Shown:
    """One output: a text, a picture, or a widget that plays without a kernel.

    Attributes:
        text: what is printed.
        picture: WebP, base64.
        width: of the picture, in CSS pixels.
        alt: what describes the picture.
        sentence: what a widget says below its picture.
        still: HTML of a widget that plays, until its script replaces it.
        script: its script.
        style: its style sheet.
    """

    text: str = ""
    picture: str = ""
    width: int = 0
    alt: str = ""
    sentence: str = ""
    still: str = ""
    script: str = ""
    style: str = ""


def outputs_of(course: Course, lesson: Lesson) -> dict[str, list[Shown]]:
    """The outputs of a lesson's plain and demo cells, by cell id.

    Raises:
        BuildError: a cell raised an error.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / lesson.week
        folder.mkdir()
        for name, data in support_files(lesson.path.parent).items():
            (folder / name).write_bytes(data)
        reference, _, _ = compose_lesson(lesson, folder, course.cache / "reference")
        digest = f"{executed_digest(reference.notebook, reference.files)}-{FORMAT}-{version('pillow')}"
        cache = course.cache / "site" / lesson.week / f"{lesson.name}.{digest}.json"
        if not cache.is_file():
            found = _shown(execute(reference, folder, course.cache), lesson)
            cache.parent.mkdir(parents=True, exist_ok=True)
            for stale in cache.parent.glob(f"{lesson.name}.*.json"):
                stale.unlink()
            cache.write_text(json.dumps({name: [asdict(item) for item in items] for name, items in found.items()}))
    read = json.loads(cache.read_text())
    return {name: [Shown(**item) for item in items] for name, items in read.items()}


def _shown(executed: Executed, lesson: Lesson) -> dict[str, list[Shown]]:
    for cell in executed.cells:
        for output in cell.outputs:
            if output.output_type == "error" and not is_check(cell):
                raise BuildError(f"a cell raises {output.ename}: {output.evalue}", lesson.path)
    return {
        cell.id: list(_outputs(cell, executed.words.get(str(number), [])))
        for number, cell in enumerate(executed.cells, 1)
        if course_metadata(cell).get("role") in SHOWN and not STATE.search(cell.source)
    }


def _outputs(cell: Any, words: list[str]) -> Iterator[Shown]:
    """The outputs of a cell; `words` are those for its pictures, in order."""
    left = list(words)
    for output in _joined(cell.outputs):
        data = output.get("data", {})
        if output.output_type == "stream" and output.name == "stdout":
            yield Shown(text=output.text.rstrip("\n"))
        elif "image/png" in data:
            yield _picture(base64.b64decode(data["image/png"]), alt=left.pop(0) if left else "", scale=2)
        elif still := STILL.search(data.get("text/html", "")):
            shown = _picture(base64.b64decode(still["png"]), alt=unescape(still["alt"]), scale=1)
            shown.sentence = unescape(still["sentence"])
            yield shown
        elif page := PAGE.search(data.get("text/html", "")):
            yield Shown(still=page["still"], style=page["style"], script=page["script"])
        elif "text/plain" in data:
            yield Shown(text=str(data["text/plain"]))


def _joined(outputs: Iterable[Any]) -> Iterator[Any]:
    """The outputs, with texts joined that follow each other: a kernel may send one line in several messages."""
    for name, found in groupby(outputs, lambda output: output.get("name", "")):
        if name:  # a stream's
            first, *more = found
            first.text += "".join(output.text for output in more)
            yield first
        else:
            yield from found


def _picture(png: bytes, *, alt: str, scale: int) -> Shown:
    with Image.open(io.BytesIO(png)) as picture:
        return Shown(picture=_webp(picture), width=picture.width // scale, alt=alt)


def _webp(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "webp", lossless=True, quality=60, method=4)
    return base64.b64encode(buffer.getvalue()).decode()
