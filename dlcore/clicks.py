"""A picture that says where it is pressed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

__all__ = ["clickable_image"]

# The page shows the picture and reports the pointer, as fractions of width and height, while it is held down.
# `save_changes` waits for the kernel, so a drag never piles up messages.
SHOW_AND_LISTEN = """
function render({ model, el }) {
  const image = document.createElement("img");
  image.className = "widget-image";
  image.alt = model.get("alt");
  image.draggable = false;
  Object.assign(image.style, { width: "100%", height: "auto", display: "block", cursor: "crosshair" });
  image.style.touchAction = "none";
  let address = "";
  const show = () => {
    const old = address;
    address = URL.createObjectURL(new Blob([model.get("value")], { type: "image/png" }));
    image.src = address;
    if (old) URL.revokeObjectURL(old);
  };
  const tell = (event) => {
    const box = image.getBoundingClientRect();
    model.set("pointer", [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
    model.save_changes();
  };
  image.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    image.setPointerCapture(event.pointerId);
    tell(event);
  });
  image.addEventListener("pointermove", (event) => { if (event.buttons & 1) tell(event); });
  model.on("change:value", show);
  show();
  el.appendChild(image);
  return () => { model.off("change:value", show); URL.revokeObjectURL(address); };
}
export default { render };
"""


def clickable_image(alt: str, layout: dict[str, Any], pressed: Callable[[float, float], None]) -> Any:
    """Return a widget that shows the PNG in its `value` and calls `pressed` where it is clicked or dragged.

    Args:
        alt: what the picture shows, for those who cannot see it.
        layout: the widget's layout.
        pressed: called with the fractions of the width, from the left, and of
            the height, from the top.

    Without the package anywidget it is an ordinary picture that nobody can click.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        return ipywidgets.Image(format="png", layout=layout)

    class ClickableImage(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = SHOW_AND_LISTEN
        value = traitlets.Bytes(b"").tag(sync=True)
        alt = traitlets.Unicode("").tag(sync=True)
        pointer = traitlets.List(trait=traitlets.Float()).tag(sync=True)

    image = ClickableImage(alt=alt, layout=layout)
    image.observe(lambda change: pressed(*change["new"]), "pointer")
    return image
