// Colours of the page's theme, the relief of a surface, and markers.

const TINTS = {  // from the bottom to the top
  light: [[176, 219, 222], [205, 231, 221], [238, 241, 220], [248, 231, 205], [240, 208, 188]],
  dark: [[9, 28, 46], [14, 46, 62], [30, 62, 70], [58, 72, 78], [88, 80, 88]],
};

function luminance(colour) {
  const [r, g, b] = (colour.match(/[\d.]+/g) || [255, 255, 255]).map(Number);
  return 0.299 * r + 0.587 * g + 0.114 * b;
}

// What the style sheet says for this page, and whether it is dark.
function themeOf(root) {
  const style = getComputedStyle(root), dark = luminance(style.backgroundColor) < 128;
  return {
    dark, ink: style.color, paper: style.backgroundColor,
    soft: dark ? "rgba(255,255,255,.62)" : "rgba(0,0,0,.6)", line: dark ? "rgba(255,255,255,.16)" : "rgba(0,0,0,.12)",
    contour: dark ? "rgba(255,255,255,.17)" : "rgba(40,50,60,.22)", halo: dark ? "rgba(8,16,24,.75)" : "rgba(255,255,255,.8)",
    tints: TINTS[dark ? "dark" : "light"], font: style.fontFamily,
    colour: (method) => LOOKS[method][dark ? 1 : 0],
  };
}

function tint(tints, height) {
  const place = clamp(height, 0, 1) * (tints.length - 1), i = Math.min(Math.floor(place), tints.length - 2);
  return tints[i].map((low, k) => low + (tints[i + 1][k] - low) * (place - i));
}

// How much light falls on each point, from the upper left, from 0.8 to 1.15.
function lightOn({ heights, columns, rows }, i, j, strength = 9) {
  const at = (a, b) => heights[clamp(b, 0, rows - 1) * columns + clamp(a, 0, columns - 1)];
  const dx = (at(i + 1, j) - at(i - 1, j)) * strength, dy = (at(i, j + 1) - at(i, j - 1)) * strength;
  const light = (1 + 0.55 * dx - 0.6 * dy) / Math.sqrt(1 + dx * dx + dy * dy);
  return clamp(0.86 + 0.14 * light, 0.8, 1.08);
}

// The relief as a small picture, one pixel for each height, to be stretched smoothly.
function relief(land, theme) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: land.columns, height: land.rows });
  const context = canvas.getContext("2d"), image = context.createImageData(land.columns, land.rows);
  for (let j = 0; j < land.rows; j++) {
    for (let i = 0; i < land.columns; i++) {
      const light = lightOn(land, i, j), colour = tint(theme.tints, land.heights[j * land.columns + i]);
      const at = 4 * ((land.rows - 1 - j) * land.columns + i);
      for (let k = 0; k < 3; k++) image.data[at + k] = clamp(colour[k] * light, 0, 255);
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// Lines of equal height, by marching squares: short pieces, each drawn with `place`.
function contours(context, land, levels, place) {
  const { heights, columns, rows } = land;
  context.beginPath();
  for (let j = 0; j < rows - 1; j++) {
    for (let i = 0; i < columns - 1; i++) {
      const k = j * columns + i;
      const corners = [heights[k], heights[k + 1], heights[k + columns + 1], heights[k + columns]];
      const low = Math.min(...corners), high = Math.max(...corners);
      for (const level of levels) {
        if (level > low && level <= high) crossings(context, corners, level, i, j, place);
      }
    }
  }
  context.stroke();
}

function crossings(context, [a, b, c, d], level, i, j, place) {
  const found = [], across = (p, q, x, y, dx, dy) => {
    if ((p < level) === (q < level)) return;
    const t = (level - p) / (q - p);
    found.push(place(x + t * dx, y + t * dy));
  };
  across(a, b, i, j, 1, 0);
  across(b, c, i + 1, j, 0, 1);
  across(d, c, i, j + 1, 1, 0);
  across(a, d, i, j, 0, 1);
  for (let k = 0; k + 1 < found.length; k += 2) {
    context.moveTo(...found[k]);
    context.lineTo(...found[k + 1]);
  }
}

const corners = (count, turn, inner = 1) => Array.from({ length: count }, (_, k) => {
  const angle = turn + 2 * Math.PI * k / count, size = k % 2 ? inner : 1;
  return [Math.cos(angle) * size, Math.sin(angle) * size];
});
const UP = -Math.PI / 2;
const MARKERS = {
  up: corners(3, UP), down: corners(3, -UP), square: corners(4, Math.PI / 4), diamond: corners(4, UP),
  star: corners(10, UP, 0.45), hexagon: corners(6, UP), cross: corners(8, UP + Math.PI / 4, 0.42),
};

function marker(context, method, x, y, size, fill, edge) {
  context.beginPath();
  const shape = MARKERS[LOOKS[method][3]];
  if (shape) {
    shape.forEach(([a, b], k) => context[k ? "lineTo" : "moveTo"](x + 1.2 * size * a, y + 1.2 * size * b));
    context.closePath();
  } else {
    context.arc(x, y, size, 0, 2 * Math.PI);
  }
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = edge;
  context.stroke();
  context.fillStyle = fill;
  context.fill();
}

// The legend's sample of a method's line and marker.
function swatch(method, theme) {
  const colour = theme.colour(method), shape = MARKERS[LOOKS[method][3]];
  const points = shape && shape.map(([a, b]) => `${17 + 6 * a},${8 + 6 * b}`).join(" ");
  return `<svg width="34" height="16" viewBox="0 0 34 16" aria-hidden="true" fill="${colour}">`
    + `<path d="M1 8H33" stroke="${colour}" stroke-width="2" stroke-dasharray="${LOOKS[method][2].join(" ")}"/>`
    + (shape ? `<polygon points="${points}"/>` : `<circle cx="17" cy="8" r="5"/>`) + "</svg>";
}
