// A canvas that reports the pointer and plays an animation of frames that the kernel draws in advance.
//
// A canvas costs the browser less than an <img> with a new URL for each frame, and requesting several frames
// at once costs less than requesting each: every message makes JupyterLab show a busy kernel.
const CHUNK = 6;

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function render({ model, el }) {
  const canvas = document.createElement("canvas");
  canvas.className = "widget-image";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", model.get("alt"));
  Object.assign(canvas.style, { width: "100%", display: "block", cursor: "crosshair", touchAction: "none" });
  el.appendChild(canvas);
  const context = canvas.getContext("2d", { alpha: false });
  let asked = 0, drawn = 0;

  const draw = async (png) => {
    const mine = ++asked;
    const picture = await createImageBitmap(new Blob([png], { type: "image/png" }));
    if (mine === asked) {  // not superseded
      if (canvas.width !== picture.width) canvas.width = picture.width;
      if (canvas.height !== picture.height) canvas.height = picture.height;
      context.drawImage(picture, 0, 0);
      canvas.dataset.drawn = ++drawn;  // for benchmarks
    }
    picture.close();
  };

  // The animation: `queue` holds the frames to show, `next` is the first step not requested yet, `position` the
  // last one shown. The kernel ignores messages sent before its last jump was received here.
  let run = "", queue = [], next = 0, position = model.get("position"), heard = model.get("jumps"), waiting = false;

  const tell = (message) => model.send({ jumps: heard, ...message });

  const ask = () => {
    const last = model.get("last"), steps = [];
    while (steps.length < CHUNK && next <= last) {
      steps.push(next);
      next = next === last ? last + 1 : Math.min(next + model.get("stride"), last);
    }
    waiting = steps.length > 0;
    if (waiting) tell({ run, steps, position: Math.max(position, 0) });
  };

  const restart = () => {
    run = String(Math.random());  // frames of an earlier run are discarded
    queue = [];
    next = Math.min(position + model.get("stride"), model.get("last"));
    ask();
  };

  const play = async () => {
    if (position >= model.get("last")) position = -model.get("stride");  // restart
    restart();
    const mine = ++playing;
    while (mine === playing) {
      const due = performance.now() + model.get("interval");
      if (queue.length > 0) {
        const [step, png] = queue.shift();
        position = step;
        await draw(png);
        if (mine !== playing) break;
        if (queue.length < CHUNK && !waiting) ask();
        if (position >= model.get("last")) {
          model.set("playing", false);
          model.save_changes();
        }
      }
      await pause(Math.max(queue.length > 0 ? 0 : 5, due - performance.now()));
    }
  };

  const landed = () => {  // whether the kernel has jumped
    if (heard === model.get("jumps")) return false;
    heard = model.get("jumps");
    position = model.get("position");
    return true;
  };

  let playing = 0;  // incremented whenever playing starts or stops
  const switched = () => {
    landed();  // one message may contain a jump and a stop
    if (model.get("playing")) {
      play();
    } else {
      playing += 1;
      run = "";
      tell({ paused: Math.max(position, 0) });
    }
  };

  const arrived = (message, buffers) => {
    if (message.run !== run) return;
    waiting = false;
    message.steps.forEach((step, place) => queue.push([step, buffers[place]]));
    if (queue.length < CHUNK) ask();
  };

  // A frame out of order: a control has changed, so the queued frames are stale.
  const changed = () => { model.get("playing") ? restart() : draw(model.get("value")); };
  const jumped = () => { if (landed() && model.get("playing")) restart(); };

  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    model.set("pointer", [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
    model.save_changes();  // throttled by the kernel's state, so a drag does not queue up messages
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    point(event);
  });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons & 1) point(event); });

  const ears = { "change:shows": changed, "change:playing": switched, "change:jumps": jumped, "msg:custom": arrived };
  for (const [event, ear] of Object.entries(ears)) model.on(event, ear);
  draw(model.get("value"));
  if (model.get("playing")) play();
  return () => {
    playing += 1;
    for (const [event, ear] of Object.entries(ears)) model.off(event, ear);
  };
}

export default { render };
