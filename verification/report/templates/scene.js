// The tip's path in three dimensions: orthographic, so that the scale bar holds everywhere; far pieces drawn first.
const scene = { svg: document.getElementById("scene"), W: 1000, H: 560, yaw: 0, pitch: 0, scale: 1, center: [0, 0, 0], hidden: new Set(), range: null };
const VIEWS = { oblique: [-0.6, 0.5], top: [0, Math.PI / 2], front: [0, 0], side: [Math.PI / 2, 0] };
const PIECE = 14;

function resetScene(view) {
  const { low, high } = D.scene;
  scene.center = low.map((v, i) => (v + high[i]) / 2);
  const radius = Math.max(1, Math.hypot(...low.map((v, i) => high[i] - v)) / 2);
  scene.scale = scene.H / 2 / (radius * 1.3);
  [scene.yaw, scene.pitch] = VIEWS[view];
  drawScene();
}
function projector() { // screen right, up and towards the viewer, in base-frame coordinates
  const cy = Math.cos(scene.yaw), sy = Math.sin(scene.yaw), cp = Math.cos(scene.pitch), sp = Math.sin(scene.pitch), c = scene.center, s = scene.scale;
  return (x, y, z) => {
    const dx = x - c[0], dy = y - c[1], dz = z - c[2], right = cy * dx + sy * dy, ahead = -sy * dx + cy * dy;
    return [scene.W / 2 + s * right, scene.H / 2 - s * (cp * dz + sp * ahead), sp * dz - cp * ahead];
  };
}
function pathPieces(project, pieces) {
  for (const path of D.scene.paths) {
    if (scene.hidden.has(path.name)) continue;
    for (let i = 0; i + 1 < path.t.length; i += PIECE) {
      const end = Math.min(path.t.length - 1, i + PIECE);
      let d = "", depth = 0;
      for (let k = i; k <= end; k++) {
        const [x, y, z] = project(path.p[3 * k], path.p[3 * k + 1], path.p[3 * k + 2]);
        d += `${k > i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
        depth += z / (end - i + 1);
      }
      if (path.name === "commanded") depth -= 0.5; // the broad line lies under the true one where they agree
      const out = scene.range && (path.t[end] < scene.range[0] || path.t[i] > scene.range[1]);
      pieces.push([depth, (o) => `<path class="path path-${path.name}" opacity="${(out ? 0.12 : o).toFixed(2)}" d="${d}"/>`]);
    }
  }
}
function regionPieces(project, pieces) {
  let solid = "";
  for (const region of D.scene.regions) {
    if (scene.hidden.has("regions")) continue;
    if (region.round) {
      const r = region.round, [x0, y0] = project(r[0], r[1], r[2]), [x1, y1] = project(r[3], r[4], r[5]);
      solid += `<path class="body-${region.keep}" stroke-width="${(2 * r[6] * scene.scale).toFixed(1)}" d="M${x0.toFixed(1)} ${y0.toFixed(1)}L${x1.toFixed(1)} ${(y1 + 0.01).toFixed(2)}"/>`;
    }
    for (let i = 0; i < region.segments.length; i += 6) {
      const s = region.segments, [x0, y0, z0] = project(s[i], s[i + 1], s[i + 2]), [x1, y1, z1] = project(s[i + 3], s[i + 4], s[i + 5]);
      pieces.push([(z0 + z1) / 2, (o) => `<path class="wire wire-${region.keep}" opacity="${(o * 0.8).toFixed(2)}" d="M${x0.toFixed(1)} ${y0.toFixed(1)}L${x1.toFixed(1)} ${y1.toFixed(1)}"/>`]);
    }
  }
  return solid;
}
const SHAPES = [null, "M0 -6L6 0L0 6L-6 0Z", "M-5 -5H5V5H-5Z", "M0 -7L6.5 5H-6.5Z"];
function marks(project) {
  if (scene.hidden.has("interventions")) return "";
  let out = "";
  const labels = []; // numbers move down until they do not cover one another
  D.interventions.forEach(([start, end, code, tip, outline], i) => {
    if (!tip || (scene.range && (end < scene.range[0] || start > scene.range[1]))) return;
    for (let k = 0; outline && k < outline.length; k += 6) {
      const [x0, y0] = project(outline[k], outline[k + 1], outline[k + 2]), [x1, y1] = project(outline[k + 3], outline[k + 4], outline[k + 5]);
      out += `<path class="outline" d="M${x0.toFixed(1)} ${y0.toFixed(1)}L${x1.toFixed(1)} ${y1.toFixed(1)}"/>`;
    }
    const [x, y] = project(tip[0], tip[1], tip[2]);
    let ly = y - 5;
    while (labels.some(([a, b]) => Math.abs(a - x) < 16 && Math.abs(b - ly) < 11)) ly += 11;
    labels.push([x, ly]);
    out += `<g class="mark" data-spell="${i}" transform="translate(${x.toFixed(1)} ${y.toFixed(1)})"><path class="lane${code}" d="${SHAPES[code]}"/>` +
      `<text class="strong" x="8" y="${(ly - y).toFixed(1)}">${i + 1}</text><title>${i + 1}: ${D.verdicts[code]}, ${start} s to ${end} s</title></g>`;
  });
  return out;
}
function scaleAndTriad(project) {
  const room = 160 / scene.scale, power = Math.pow(10, Math.floor(Math.log10(room)));
  const step = [5, 2, 1].find((s) => s * power <= room) * power, length = step * scene.scale, base = scene.H - 18;
  let out = `<path class="triad" d="M20 ${base - 5}V${base}H${(20 + length).toFixed(1)}V${base - 5}"/><text class="strong" x="24" y="${base - 6}">${short(step)} mm</text>`;
  const origin = project(...scene.center), at = [scene.W - 60, scene.H - 56];
  ["x", "y", "z"].forEach((name, i) => {
    const tip = scene.center.slice();
    tip[i] += 34 / scene.scale;
    const p = project(...tip), dx = p[0] - origin[0], dy = p[1] - origin[1];
    out += `<path class="triad" d="M${at[0]} ${at[1]}l${dx.toFixed(1)} ${dy.toFixed(1)}"/><text class="strong" x="${(at[0] + 1.28 * dx - 3).toFixed(1)}" y="${(at[1] + 1.28 * dy + 4).toFixed(1)}">${name}</text>`;
  });
  return out;
}
function drawScene() {
  const project = projector(), pieces = [];
  const solid = regionPieces(project, pieces);
  pathPieces(project, pieces);
  pieces.sort((a, b) => a[0] - b[0]);
  const near = pieces.length ? pieces[pieces.length - 1][0] : 1, far = pieces.length ? pieces[0][0] : 0;
  const drawn = pieces.map(([depth, draw]) => draw(0.5 + 0.5 * (depth - far) / Math.max(near - far, 1e-9)));
  scene.svg.innerHTML = solid + drawn.join("") + marks(project) + scaleAndTriad(project);
}
let planned = false;
function redrawScene() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => { planned = false; drawScene(); });
}
function turn(dx, dy) {
  scene.yaw += dx;
  scene.pitch = Math.min(Math.PI / 2, Math.max(-Math.PI / 2, scene.pitch + dy));
  redrawScene();
}
function magnify(factor) { scene.scale *= factor; redrawScene(); }

function listenScene() {
  let last = null;
  const svg = scene.svg;
  svg.setAttribute("viewBox", `0 0 ${scene.W} ${scene.H}`);
  svg.addEventListener("pointerdown", (e) => { if (!e.target.closest(".mark")) { last = [e.clientX, e.clientY]; svg.setPointerCapture(e.pointerId); } });
  svg.addEventListener("pointermove", (e) => {
    if (last === null) return;
    const dx = e.clientX - last[0], dy = e.clientY - last[1];
    last = [e.clientX, e.clientY];
    if (!e.shiftKey) { turn(-dx * 0.008, dy * 0.008); return; }
    const k = scene.W / svg.getBoundingClientRect().width / scene.scale, cy = Math.cos(scene.yaw), sy = Math.sin(scene.yaw), cp = Math.cos(scene.pitch), sp = Math.sin(scene.pitch);
    scene.center = [scene.center[0] - k * (dx * cy + dy * sy * sp), scene.center[1] - k * (dx * sy - dy * cy * sp), scene.center[2] + k * dy * cp];
    redrawScene();
  });
  for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, () => { last = null; });
  svg.addEventListener("wheel", (e) => { e.preventDefault(); magnify(Math.exp(-e.deltaY * 0.0012)); }, { passive: false });
  svg.addEventListener("dblclick", () => resetScene("oblique"));
  svg.addEventListener("click", (e) => { const mark = e.target.closest(".mark"); if (mark) jump(Number(mark.dataset.spell)); });
  const keys = { ArrowLeft: () => turn(-0.1, 0), ArrowRight: () => turn(0.1, 0), ArrowUp: () => turn(0, 0.1), ArrowDown: () => turn(0, -0.1),
    "+": () => magnify(1.15), "=": () => magnify(1.15), "-": () => magnify(1 / 1.15), "0": () => resetScene("oblique") };
  svg.addEventListener("keydown", (e) => { if (keys[e.key]) { e.preventDefault(); keys[e.key](); } });
  document.querySelectorAll("[data-view]").forEach((b) => b.addEventListener("click", () => resetScene(b.dataset.view)));
  document.querySelectorAll("[data-layer]").forEach((box) => box.addEventListener("change", () => {
    if (box.checked) scene.hidden.delete(box.dataset.layer); else scene.hidden.add(box.dataset.layer);
    redrawScene();
  }));
}
