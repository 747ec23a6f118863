"""Close the widgets of a cell's earlier runs: their state would be saved with the notebook, run after run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import ipywidgets

__all__ = ["close_earlier"]

_shown: dict[str, tuple[str, list[Any]]] = {}  # of each cell, its last run and what that showed


def close_earlier(shown: Any) -> None:
    """Note that the cell which runs shows a widget, and close those that only its earlier runs showed.

    Where no cell is known, as in a script, nothing is closed.
    """
    cell, run = _running()
    if not cell:
        return
    last, widgets = _shown.get(cell, ("", []))
    if last == run:
        widgets.append(shown)
        return
    _shown[cell] = run, [shown]
    kept = {id(part) for _, others in _shown.values() for part in _parts(others)}
    for part in list(_parts(widgets)):
        if id(part) not in kept:
            part.close()


def _running() -> tuple[str, str]:
    """The cell that runs, and the message that asked for it; empty outside of a notebook."""
    try:
        from IPython import get_ipython

        request = get_ipython().kernel.get_parent("shell")
        return str(request["metadata"]["cellId"]), str(request["header"]["msg_id"])
    except (ImportError, AttributeError, KeyError, TypeError):
        return "", ""


def _parts(widgets: Iterable[Any]) -> Iterator[Any]:
    """The widgets, and those that they consist of: children, layouts, styles."""
    seen: set[int] = set()
    waiting = list(widgets)
    while waiting:
        widget = waiting.pop()
        if id(widget) in seen:
            continue
        seen.add(id(widget))
        yield widget
        for name in widget.keys:
            value = getattr(widget, name, None)
            inside = value if isinstance(value, list | tuple) else [value]
            waiting += [part for part in inside if isinstance(part, ipywidgets.Widget)]
