// The surface in three dimensions: a mesh that turns, drawn from the back to the front.

const EVERY = 2;  // of the heights' rows and columns
const TALL = 0.5;  // height of the highest point by the width of the map

function solidView(land, width, height, turn, tilt) {
  const { left, right, low, high } = land.world, wide = right - left, middle = [(left + right) / 2, (low + high) / 2];
  const [c, s] = [Math.cos(turn), Math.sin(turn)], [ct, st] = [Math.cos(tilt), Math.sin(tilt)];
  const size = Math.min(width * 0.74, height * 0.86), centre = [width / 2, height * 0.54];
  const project = (wx, wy, up) => {
    const x = (wx - middle[0]) / wide, y = (wy - middle[1]) / wide, z = TALL * (up - 0.35);
    return [centre[0] + size * (c * x - s * y), centre[1] - size * (st * (s * x + c * y) + ct * z)];
  };
  const place = (wx, wy) => {  // on the surface; beyond its edge, at the edge's height
    const [x, y] = [clamp(wx, left - wide / 2, right + wide / 2), clamp(wy, low - wide / 2, high + wide / 2)];
    return project(x, y, land.at(x, y) + 0.008);
  };
  return { project, place, behind: { c, s } };
}

function drawSolid(context, land, view, theme, box) {
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, box.width, box.height);
  const { columns, rows, world, heights } = land;
  const I = Math.floor((columns - 1) / EVERY), J = Math.floor((rows - 1) / EVERY);
  const corner = [];
  for (let j = 0; j <= J; j++) {
    for (let i = 0; i <= I; i++) {
      const [a, b] = [i * EVERY, j * EVERY];
      const x = world.left + a / (columns - 1) * (world.right - world.left);
      const y = world.low + b / (rows - 1) * (world.high - world.low);
      corner.push(view.project(x, y, heights[b * columns + a]));
    }
  }
  const order = (count, backwards) => Array.from({ length: count }, (_, k) => backwards ? count - 1 - k : k);
  const { c, s } = view.behind;  // the depth grows with s x + c y, and what is far comes first
  context.lineWidth = 0.6;
  context.lineJoin = "round";
  for (const j of order(J, c > 0)) {
    for (const i of order(I, s > 0)) quad(context, land, theme, corner, I, i, j);
  }
  context.strokeStyle = theme.contour;
  context.lineWidth = 1;
  contours(context, land, LEVELS, (i, j) => {
    const x = world.left + i / (columns - 1) * (world.right - world.left);
    const y = world.low + j / (rows - 1) * (world.high - world.low);
    return view.project(x, y, land.at(x, y));
  });
}

function quad(context, land, theme, corner, I, i, j) {
  const k = j * (I + 1) + i, [a, b] = [i * EVERY, j * EVERY];
  const height = land.heights[b * land.columns + a], light = lightOn(land, a, b, 14);
  const colour = tint(theme.tints, height).map((value) => Math.round(clamp(value * light, 0, 255)));
  context.beginPath();
  context.moveTo(...corner[k]);
  context.lineTo(...corner[k + 1]);
  context.lineTo(...corner[k + I + 2]);
  context.lineTo(...corner[k + I + 1]);
  context.closePath();
  context.fillStyle = context.strokeStyle = `rgb(${colour})`;
  context.fill();
  context.stroke();
}
