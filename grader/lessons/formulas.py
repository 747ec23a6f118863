"""Parse formulas with MathJax, as JupyterLab does, and typeset them."""

from __future__ import annotations

import json
import re
import weakref
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["FormulaParser", "FormulaTypesetter", "why_no_formulas"]

PACKAGES = {"mini-racer": "py_mini_racer", "django-static-mathjax": "mathjax"}
DEFINITIONS = re.compile(r"\\(def|let|(re)?new(command|environment)|DeclareMathOperator|label)(?![A-Za-z])")
SCRIPTS = ("loader.js", "core.js", "adaptors/liteDOM.js", "input/tex-full.js")
# Left out: what hides errors, what loads more, what needs a page, and what gives macros another meaning.
LEFT_OUT = ("noundefined", "noerrors", "autoload", "require", "bussproofs", "physics", "colorv2")
BEFORE = "var MathJax = {loader: {load: []}, startup: {ready() {}, typeset: false}};"
AFTER = f"""
MathJax._.handlers.html_ts.RegisterHTMLHandler(MathJax._.adaptors.liteAdaptor.liteAdaptor());
var page = MathJax._.mathjax.mathjax.document("", {{
  InputJax: new MathJax._.input.tex_ts.TeX({{
    packages: MathJax._.input.tex.AllPackages.AllPackages.filter(name => !{json.dumps(LEFT_OUT)}.includes(name)),
    formatError(jax, error) {{ throw error; }},
  }}),
}});
function problem(formula, display) {{
  try {{
    page.convert(formula, {{display, end: MathJax._.core.MathItem.STATE.CONVERT - 1}});
    return "";
  }} catch (error) {{
    return String(error.message || error);
  }}
}}
0;
"""
TYPESETTING = ("output/svg.js", "output/svg/fonts/tex.js")  # in this order
SVG = """
var adaptor = MathJax._.adaptors.liteAdaptor.liteAdaptor();
MathJax._.handlers.html_ts.RegisterHTMLHandler(adaptor);
var typeset = MathJax._.mathjax.mathjax.document("", {
  InputJax: page.inputJax[0],
  OutputJax: new MathJax._.output.svg_ts.SVG({
    fontCache: "local", font: new MathJax._.output.svg.fonts.tex_ts.TeXFont(),
  }),
});
function svg(formula, display) { return adaptor.outerHTML(typeset.convert(formula, {display})); }
0;
"""


def why_no_formulas() -> str:
    """Why formulas cannot be parsed here; "" if they can."""
    missing = [name for name, module in PACKAGES.items() if find_spec(module) is None]
    return f"not installed: {', '.join(missing)} (pip install 'deep-learning-from-scratch[authors]')" if missing else ""


class FormulaParser:
    """MathJax's TeX parser in V8, started when the first formula comes.

    Formulas share their definitions (`\\newcommand`), as on a page.

    Args:
        cache: a file with the formulas that parsed before without any definition, which are not parsed again.
    """

    def __init__(self, cache: Path):
        self.cache, self.changed = cache, False
        try:
            known = json.loads(cache.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = []
        self.good = {item for item in known if isinstance(item, str)} if isinstance(known, list) else set()
        self.without_definitions = True
        self._context: Any = None

    def problem(self, formula: str, *, display: bool) -> str:
        """What MathJax says is wrong with a formula; "" if it is right."""
        if formula in self.good:
            return ""
        if self._context is None:
            self._context = _context()
            # A context that is left to the end of the interpreter keeps it from ending.
            weakref.finalize(self, self._context.close)
        self.without_definitions &= not DEFINITIONS.search(formula)
        said = str(self._context.eval(f"problem({json.dumps(formula)}, {json.dumps(display)})"))
        if not said and self.without_definitions:
            self.good.add(formula)
            self.changed = True
        return said

    def save(self) -> None:
        """Keep the right formulas for the next time."""
        if self.changed:
            self.cache.parent.mkdir(parents=True, exist_ok=True)
            self.cache.write_text(json.dumps(sorted(self.good), ensure_ascii=False), encoding="utf-8")


class FormulaTypesetter:
    """Formulas as pictures (SVG) that need neither a script nor a font."""

    def __init__(self) -> None:
        self._context = _context((*SCRIPTS, *TYPESETTING))
        self._context.eval(SVG)
        weakref.finalize(self, self._context.close)  # or it keeps the interpreter from ending

    def svg(self, formula: str, *, display: bool) -> str:
        """A formula as an element of a page, in the colour and size of the text around it."""
        return str(self._context.eval(f"svg({json.dumps(formula)}, {json.dumps(display)})"))


def _context(scripts: Sequence[str] = SCRIPTS) -> Any:
    import mathjax
    from py_mini_racer import MiniRacer

    folder = Path(mathjax.__file__).parent / "static" / "mathjax" / "es5"
    context = MiniRacer()
    context.eval(BEFORE)
    for name in scripts:
        context.eval((folder / name).read_text(encoding="utf-8") + ";0")
    context.eval(AFTER)
    return context
