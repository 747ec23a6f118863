// Films without a kernel: the player of the notebooks, answered with frames that were drawn when the site was built.
"use strict";

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

// As much of a widget's model as the player asks for. A step of the player is the number of a frame.
function filmModel(film, alt, onStep) {
  const ears = {};
  const state = {
    alt, value: bytesOf(film.frames[0]), shows: 0, playing: false, position: 0, jumps: 0,
    last: film.frames.length - 1, stride: 1, interval: 120, pointer: [],
  };
  const emit = (event, ...rest) => (ears[event] || []).forEach((ear) => ear(...rest));
  const model = {
    get: (name) => state[name],
    set: (name, value) => {
      state[name] = value;
      if (name === "playing") emit("change:playing");
    },
    save_changes: () => {},
    on: (event, ear) => (ears[event] ||= []).push(ear),
    off: (event, ear) => { ears[event] = (ears[event] || []).filter((other) => other !== ear); },
    send: (message) => {
      if (message.jumps !== state.jumps) return;
      if ("paused" in message) onStep(message.paused);
      if (!message.steps) return;
      onStep(message.position);
      const frames = message.steps.map((step) => bytesOf(film.frames[step]));
      setTimeout(() => emit("msg:custom", { run: message.run, steps: message.steps }, frames));
    },
    go: (step) => {
      Object.assign(state, { value: bytesOf(film.frames[step]), position: step, jumps: state.jumps + 1 });
      if (state.playing) model.set("playing", false);
      state.shows += 1;
      emit("change:jumps");
      emit("change:shows");
      onStep(step);
    },
  };
  return model;
}

function startFilm(figure) {
  const film = (window.courseFilms || {})[figure.dataset.film];
  if (!film || !window.coursePlayer) return;
  const still = figure.querySelector("img"), said = figure.querySelector("figcaption p");
  const stage = document.createElement("div"), row = document.createElement("div");
  stage.style.maxWidth = `${still.width}px`;
  row.className = "film-controls";
  const button = document.createElement("button"), slider = document.createElement("input");
  const count = document.createElement("output");
  Object.assign(slider, { type: "range", min: 0, max: film.frames.length - 1, value: 0 });
  slider.setAttribute("aria-label", "step");
  const onStep = (number) => {
    slider.value = number;
    count.textContent = `step ${film.steps[number]}`;
    said.innerHTML = film.sentences[number];  // as the page has the first one
  };
  const model = filmModel(film, still.alt, onStep);
  const label = () => { button.textContent = model.get("playing") ? "❚❚ Pause" : "▶ Play"; };
  model.on("change:playing", label);
  button.type = "button";
  button.addEventListener("click", () => model.set("playing", !model.get("playing")));
  slider.addEventListener("input", () => model.go(Number(slider.value)));
  row.append(button, slider, count);
  still.replaceWith(stage);
  stage.after(row);
  window.coursePlayer.render({ model, el: stage });
  stage.querySelector("canvas").style.cursor = "default";
  label();
  onStep(0);
}

document.querySelectorAll("figure[data-film]").forEach(startFilm);
