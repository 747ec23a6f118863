// A picture that Python draws for the page it is in: this side measures the page and shows the picture.
//
// Light and dark swap here, not in the kernel: it costs no message, and a new theme shows at once.
const MOMENT = 200;  // ms without a change after which the page counts as settled
const SLACK = 16;  // CSS pixels of width that are not worth a new picture, such as those of a scroll bar
const DARK = "invert(0.933) hue-rotate(180deg)";  // swaps light and dark, keeps hues; white becomes #111, as JupyterLab's

function render({ model, el }) {
  const image = document.createElement("img");
  image.className = "widget-image";
  image.alt = model.get("alt");
  image.decoding = "sync";
  Object.assign(image.style, { display: "block", maxWidth: "100%", height: "auto" });
  el.appendChild(image);

  let timer = 0, settled = 0;
  const later = (act, old) => { clearTimeout(old); return setTimeout(act, MOMENT); };

  const show = () => {
    const png = model.get("value"), ratio = model.get("ratio");
    if (!png || png.byteLength < 24) return;
    const [width, height] = [png.getUint32(16), png.getUint32(20)];  // as a PNG begins
    const url = URL.createObjectURL(new Blob([png], { type: "image/png" })), old = image.src;
    image.onload = () => { if (old) URL.revokeObjectURL(old); };
    image.style.width = `${width / ratio}px`;
    image.style.aspectRatio = `${width} / ${height}`;
    image.src = url;
    sharpenLater();
  };

  const sharpenLater = () => {
    clearTimeout(settled);
    if (model.get("ratio") < (model.get("page")[1] ?? 1)) settled = later(() => model.send({ sharpen: true }), settled);
  };

  const measure = () => {
    const width = el.clientWidth, ratio = window.devicePixelRatio || 1;
    const [before, density] = model.get("page");
    if (!width || (ratio === density && Math.abs(width - before) < SLACK)) return;
    model.set("page", [width, ratio]);
    model.save_changes();
  };

  const suit = () => {
    image.style.filter = isLight(getComputedStyle(el).color) ? DARK : "";  // where text is light, the page is dark
  };

  const changed = () => { timer = later(() => { measure(); suit(); }, timer); };
  let seen = false;
  const size = new ResizeObserver(() => {
    if (seen || !el.clientWidth) return changed();
    seen = true;
    measure();
    suit();
    name();
    names.observe(panelOf(el), { subtree: true, childList: true, characterData: true, attributeFilter: ["aria-valuetext"] });
  });
  // Asked for, since not every browser tells of a new density where the width stays.
  const density = setInterval(() => { if (el.clientWidth && window.devicePixelRatio !== model.get("page")[1]) changed(); }, 1000);
  const theme = new MutationObserver(changed);
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  const name = () => nameControls(panelOf(el));
  const names = new MutationObserver(name);

  // JupyterLab takes the arrows up and down for a move to another cell, even on a slider and in a list.
  const keepArrows = (event) => {
    const target = event.target;
    if (!["ArrowUp", "ArrowDown"].includes(event.key) || !panelOf(el).contains(target)) return;
    if (!target.matches("select, .noUi-handle")) return;
    target.setAttribute("data-lm-suppress-shortcuts", "true");
    setTimeout(() => target.removeAttribute("data-lm-suppress-shortcuts"));
  };

  size.observe(el);
  window.addEventListener("keydown", keepArrows, true);  // before JupyterLab, which listens on the document
  for (const node of [document.documentElement, document.body]) theme.observe(node, { attributes: true });
  scheme.addEventListener("change", changed);
  model.on("change:value", show);
  show();
  return () => {
    for (const observer of [size, theme, names]) observer.disconnect();
    scheme.removeEventListener("change", changed);
    clearInterval(density);
    window.removeEventListener("keydown", keepArrows, true);
    model.off("change:value", show);
    clearTimeout(timer);
    clearTimeout(settled);
    URL.revokeObjectURL(image.src);
  };
}

const panelOf = (el) => el.closest(".dlcore-panel") ?? el;

function isLight(colour) {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 127;
}

// ipywidgets draws a slider's label beside it, but its handle, which has the focus, has no name, and says the
// position on its own scale: an exponent, or the number of a stop. A box without a label has a tooltip. Sentences are
// no live region.
function nameControls(panel) {
  for (const row of panel.querySelectorAll(".widget-inline-hbox")) {
    const label = row.querySelector(".widget-label"), name = label?.textContent.trim() || label?.title;
    for (const handle of row.querySelectorAll(".noUi-handle")) {
      give(handle, "aria-label", name);
      give(handle, "aria-valuetext", row.querySelector(".widget-readout")?.textContent);
    }
    const box = row.querySelector("input");
    if (box && !box.labels?.[0]?.textContent.trim()) give(box, "aria-label", name);
  }
  for (const stop of panel.querySelectorAll(".dlcore-stops .widget-readout")) {
    give(stop, "contenteditable", "false");  // what is typed there would be shown, and do nothing
  }
  for (const sentence of panel.querySelectorAll(".dlcore-sentence")) {
    give(sentence, "role", "status");
    give(sentence, "aria-live", "polite");
  }
  for (const button of panel.querySelectorAll("button.dlcore-more")) {
    give(button, "aria-expanded", String(button.classList.contains("mod-active")));
    Object.assign(button.style, { height: "auto", whiteSpace: "normal" });  // it may be longer than a line
  }
}

function give(element, attribute, text) {
  if (text && element.getAttribute(attribute) !== text) element.setAttribute(attribute, text);
}

export default { render };
