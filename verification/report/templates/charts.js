"use strict";
// Charts over a shared time axis, histograms and speed against distance: SVG strings from the numbers in #data, no library.
const D = JSON.parse(document.getElementById("data").textContent);
const WIDTH = 1000, LEFT = 74, RIGHT = 14;
const timeAxis = { t0: D.range[0], t1: D.range[1] > D.range[0] ? D.range[1] : D.range[0] + 1, charts: [], listeners: [], near: false };
const FULL = [timeAxis.t0, timeAxis.t1];

function ticks(low, high, count) {
  const raw = (high - low) / count, power = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 5, 10].map((s) => s * power).find((s) => s >= raw * 0.999) || 10 * power;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) found.push(i * step);
  return found;
}
function short(x) {
  const size = Math.abs(x);
  return size === 0 ? "0" : size >= 1e5 || size < 1e-4 ? x.toExponential(2) : String(Number(x.toPrecision(4)));
}
function escaped(text) { return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`); }
function indexAt(times, t) { // last index with times[i] <= t
  let low = 0, high = times.length - 1;
  while (low < high) { const middle = (low + high + 1) >> 1; if (times[middle] <= t) low = middle; else high = middle - 1; }
  return low;
}
const timeX = (t) => LEFT + (WIDTH - LEFT - RIGHT) * (t - timeAxis.t0) / (timeAxis.t1 - timeAxis.t0);

function bandPath(spans, top, bottom) { // a spell of one cycle stays visible: never narrower than 1.2 units
  let d = "";
  for (const [start, end] of spans) {
    if (end < timeAxis.t0 || start > timeAxis.t1) continue;
    const x0 = Math.max(LEFT, timeX(start)), x1 = Math.min(WIDTH - RIGHT, Math.max(timeX(end), x0 + 1.2));
    d += `M${x0.toFixed(1)} ${top}H${x1.toFixed(1)}V${bottom}H${x0.toFixed(1)}Z`;
  }
  return d;
}
const SPELLS = D.verdicts.map((_, code) => D.spells.filter((s) => s[2] === code));

const tickTime = (t) => String(Number(t.toFixed(6)));
function timeGrid(height, bottom) {
  let out = "";
  for (const t of ticks(timeAxis.t0, timeAxis.t1, 10)) {
    const x = timeX(t), anchor = x > WIDTH - RIGHT - 14 ? "end" : "middle";
    out += `<path class="grid" d="M${x.toFixed(1)} 4V${bottom}"/><text x="${x.toFixed(1)}" y="${height - 3}" text-anchor="${anchor}">${tickTime(t)} s</text>`;
  }
  return out;
}

class TimeChart {
  constructor(figure) {
    this.svg = figure.querySelector("svg");
    this.read = figure.querySelector(".read");
    this.id = figure.dataset.chart;
    this.spec = D.charts[this.id];
    this.height = Number(figure.dataset.height || 112);
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${this.height}`);
    this.svg.setAttribute("role", "img");
    this.svg.setAttribute("aria-label", `${this.spec.label} over time, in ${this.spec.unit || "units"}`);
    timeAxis.charts.push(this);
  }
  visible(line) {
    if (line.time < 0) return [0, -1];
    const times = D.times[line.time];
    return [Math.max(0, indexAt(times, timeAxis.t0)), Math.min(times.length - 1, indexAt(times, timeAxis.t1) + 1)];
  }
  extent() {
    let low = 0, high = 0;
    for (const line of this.spec.lines) {
      const [first, last] = this.visible(line);
      for (let i = first; i <= last; i++) { if (line.value[i] < low) low = line.value[i]; if (line.value[i] > high) high = line.value[i]; }
    }
    for (const limit of this.spec.limits || []) high = Math.max(high, limit.value);
    if (!(high > low)) high = low + 1;
    if (this.spec.floor && timeAxis.near) { // the part next to the limit, four times the smallest value high
      const least = Math.abs(this.least());
      high = Math.min(high, Math.max(4 * least, (high - low) * 0.02));
    }
    const room = (high - low) * 0.06;
    return [low < 0 ? low - room : 0, high + room];
  }
  least() {
    let least = Infinity;
    for (const line of this.spec.lines) {
      const [first, last] = this.visible(line);
      for (let i = first; i <= last; i++) least = Math.min(least, line.value[i]);
    }
    return least;
  }
  draw() {
    const bottom = this.height - 16, top = 4, [low, high] = this.extent();
    const y = (v) => bottom - (bottom - top) * (v - low) / (high - low);
    let out = `<clipPath id="clip-${this.id}"><path d="M${LEFT} ${top}H${WIDTH - RIGHT}V${bottom}H${LEFT}Z"/></clipPath>`;
    for (const code of [1, 2, 3]) out += `<path class="v${code}" d="${bandPath(SPELLS[code], top, bottom)}"/>`;
    if (this.spec.excluded) out += `<path class="excluded" d="${bandPath(this.spec.excluded, bottom - 9, bottom)}"/>`;
    out += timeGrid(this.height, bottom);
    for (const v of ticks(low, high, 4)) {
      out += `<path class="grid" d="M${LEFT} ${y(v).toFixed(1)}H${WIDTH - RIGHT}"/>`;
      out += `<text x="${LEFT - 5}" y="${(y(v) + 4).toFixed(1)}" text-anchor="end">${short(v)}</text>`;
    }
    out += `<path class="${this.spec.floor ? "zero" : "axis"}" d="M${LEFT} ${y(0).toFixed(1)}H${WIDTH - RIGHT}"/>`;
    for (const limit of this.spec.limits || []) {
      out += `<path class="limit" d="M${LEFT} ${y(limit.value).toFixed(1)}H${WIDTH - RIGHT}"/>`;
      out += `<text class="strong" x="${LEFT + 5}" y="${(y(limit.value) + 12).toFixed(1)}">${limit.label}</text>`;
    }
    for (const line of this.spec.lines) out += `<path class="${line.css}" clip-path="url(#clip-${this.id})" d="${this.path(line, y)}"/>`;
    if (this.spec.misses) for (const t of D.misses) {
      if (t < timeAxis.t0 || t > timeAxis.t1) continue;
      out += `<path class="miss" d="M${timeX(t).toFixed(1)} ${top + 9}l-5 -9h10z"><title>deadline missed at ${t} s</title></path>`;
    }
    out += `<path class="axis" d="M${LEFT} ${top}V${bottom}"/>`;
    if (this.spec.floor) out += this.minimum(y);
    this.svg.innerHTML = out + `<rect class="drag" y="${top}" height="${bottom - top}" width="0"/><path class="cross"/>`;
  }
  path(line, y) {
    const [first, last] = this.visible(line), times = line.time < 0 ? [] : D.times[line.time];
    let d = "", before = -Infinity;
    for (let i = first; i <= last; i++) { // a gap in the samples is a gap in the line
      const x = timeX(times[i]);
      d += `${times[i] - before > line.gap ? "M" : "L"}${x.toFixed(1)} ${y(line.value[i]).toFixed(1)}`;
      before = times[i];
    }
    return d;
  }
  minimum(y) {
    const line = this.spec.lines[0], [first, last] = this.visible(line);
    if (last < first) return "";
    let at = first;
    for (let i = first; i <= last; i++) if (line.value[i] < line.value[at]) at = i;
    const t = D.times[line.time][at];
    if (t < timeAxis.t0 || t > timeAxis.t1) return "";
    const x = timeX(t), left = x > WIDTH * 0.8;
    return `<circle class="min" cx="${x.toFixed(1)}" cy="${y(line.value[at]).toFixed(1)}" r="3.4"/><text class="strong" x="${(x + (left ? -7 : 7)).toFixed(1)}" ` +
      `y="${Math.max(16, y(line.value[at]) - 6).toFixed(1)}" text-anchor="${left ? "end" : "start"}">min ${short(line.value[at])} ${escaped(this.spec.unit)}</text>`;
  }
  hover(t) {
    const cross = this.svg.querySelector(".cross");
    if (t === null) { cross.setAttribute("d", ""); this.read.textContent = ""; return; }
    cross.setAttribute("d", `M${timeX(t).toFixed(1)} 4V${this.height - 16}`);
    const parts = this.spec.lines.filter((l) => l.time >= 0).map((line) => {
      const times = D.times[line.time], i = indexAt(times, t), near = i + 1 < times.length && times[i + 1] - t < t - times[i] ? i + 1 : i;
      return Math.abs(times[near] - t) > Math.max(line.gap, 1e-9) ? "no sample" : `${short(line.value[near])} ${this.spec.unit}`;
    });
    this.read.textContent = `t = ${t.toFixed(3)} s · ${parts.join(" · ")} · ${verdictAt(t)}`;
  }
}
function verdictAt(t) {
  const spell = D.spells.find((s) => s[0] <= t && t < s[1]);
  return spell ? D.verdicts[spell[2]] : "no cycle";
}

class VerdictStrip { // one lane a verdict: its place says it, colour only helps
  constructor(figure) {
    this.svg = figure.querySelector("svg");
    this.read = figure.querySelector(".read");
    this.height = 16 + 15 * (D.verdicts.length + 1);
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${this.height}`);
    timeAxis.charts.push(this);
  }
  draw() {
    let out = timeGrid(this.height, this.height - 16);
    D.verdicts.forEach((name, code) => {
      const top = 2 + 15 * code;
      out += `<text x="${LEFT - 5}" y="${top + 10}" text-anchor="end">${name}</text><path class="lane${code}" d="${bandPath(SPELLS[code], top, top + 11)}"/>`;
    });
    const top = 2 + 15 * D.verdicts.length;
    out += `<text x="${LEFT - 5}" y="${top + 10}" text-anchor="end">missed</text><path class="miss" d="${bandPath(D.misses.map((t) => [t, t]), top, top + 11)}"/>`;
    this.svg.innerHTML = out + `<path class="axis" d="M${LEFT} 2V${this.height - 16}"/><rect class="drag" y="2" height="${this.height - 18}" width="0"/><path class="cross"/>`;
  }
  hover(t) {
    this.svg.querySelector(".cross").setAttribute("d", t === null ? "" : `M${timeX(t).toFixed(1)} 2V${this.height - 16}`);
    this.read.textContent = t === null ? "" : `t = ${t.toFixed(3)} s · ${verdictAt(t)}`;
  }
}

function setRange(t0, t1) {
  const least = Math.max(1e-3, (FULL[1] - FULL[0]) * 1e-5);
  if (!(t1 - t0 >= least)) return;
  timeAxis.t0 = Math.max(FULL[0], t0);
  timeAxis.t1 = Math.min(FULL[1], t1);
  timeAxis.charts.forEach((chart) => chart.draw());
  const all = timeAxis.t0 === FULL[0] && timeAxis.t1 === FULL[1];
  document.querySelectorAll(".range").forEach((e) => {
    e.textContent = `${timeAxis.t0.toFixed(3)} s to ${timeAxis.t1.toFixed(3)} s${all ? " (all)" : ""}`;
  });
  timeAxis.listeners.forEach((listener) => listener(all));
}
function zoom(factor) {
  const middle = (timeAxis.t0 + timeAxis.t1) / 2, half = (timeAxis.t1 - timeAxis.t0) / 2 * factor;
  setRange(Math.max(FULL[0], middle - half), Math.min(FULL[1], middle + half));
}
function shift(part) {
  const width = timeAxis.t1 - timeAxis.t0, t0 = Math.min(Math.max(FULL[0], timeAxis.t0 + part * width), FULL[1] - width);
  setRange(t0, t0 + width);
}

function listen(chart) { // drag selects, double click resets, hovering reads every chart at the same instant
  const svg = chart.svg;
  let from = null;
  const timeAt = (event) => {
    const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * WIDTH;
    const share = Math.min(1, Math.max(0, (x - LEFT) / (WIDTH - LEFT - RIGHT)));
    return timeAxis.t0 + share * (timeAxis.t1 - timeAxis.t0);
  };
  svg.addEventListener("pointerdown", (e) => { if (e.button === 0) { from = timeAt(e); svg.setPointerCapture(e.pointerId); } });
  svg.addEventListener("pointermove", (e) => {
    const t = timeAt(e);
    timeAxis.charts.forEach((c) => c.hover(t));
    if (from === null) return;
    const drag = svg.querySelector(".drag"), x = timeX(Math.min(from, t));
    drag.setAttribute("x", x.toFixed(1));
    drag.setAttribute("width", (timeX(Math.max(from, t)) - x).toFixed(1));
  });
  svg.addEventListener("pointerup", (e) => {
    if (from === null) return;
    const start = Math.min(from, timeAt(e)), end = Math.max(from, timeAt(e));
    from = null;
    if (timeX(end) - timeX(start) > 4) setRange(start, end); else svg.querySelector(".drag").setAttribute("width", 0);
  });
  svg.addEventListener("pointercancel", () => { from = null; svg.querySelector(".drag").setAttribute("width", 0); });
  svg.addEventListener("pointerleave", () => { if (from === null) timeAxis.charts.forEach((c) => c.hover(null)); });
  svg.addEventListener("dblclick", () => setRange(FULL[0], FULL[1]));
}

function drawHistogram(figure) {
  const spec = D.histograms[figure.dataset.histogram], svg = figure.querySelector("svg");
  const width = 420, height = 190, left = 44, bottom = height - 30, top = 26;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  if (!spec.counts.length) { svg.innerHTML = `<text x="${width / 2}" y="${height / 2}" text-anchor="middle">no samples</text>`; return; }
  const low = spec.edges[0], high = spec.edges[spec.edges.length - 1], most = Math.max(...spec.counts);
  const x = (v) => left + (width - left - 12) * (v - low) / (high - low), scale = Math.log10(most * 1.3 + 1);
  const y = (c) => bottom - (bottom - top) * Math.log10(c + 1) / scale; // log: the tail is what matters
  let out = "";
  for (let c = 1; c <= most; c *= 10) {
    out += `<path class="grid" d="M${left} ${y(c).toFixed(1)}H${width - 12}"/><text x="${left - 4}" y="${(y(c) + 4).toFixed(1)}" text-anchor="end">${c}</text>`;
  }
  spec.counts.forEach((c, i) => {
    if (!c) return;
    const x0 = x(spec.edges[i]), x1 = x(spec.edges[i + 1]);
    out += `<rect class="bar" x="${x0.toFixed(1)}" width="${Math.max(0.8, x1 - x0 - 0.6).toFixed(1)}" y="${y(c).toFixed(1)}" height="${(bottom - y(c)).toFixed(1)}">` +
      `<title>${short(spec.edges[i])} to ${short(spec.edges[i + 1])} ${spec.unit}: ${c}</title></rect>`;
  });
  for (const v of ticks(low, high, 6)) out += `<text x="${x(v).toFixed(1)}" y="${bottom + 13}" text-anchor="middle">${short(v)}</text>`;
  spec.marks.forEach(([name, v], i) => {
    const end = x(v) > width * 0.6;
    out += `<path class="cross" d="M${x(v).toFixed(1)} ${8 + 9 * i}V${bottom}"/>` +
      `<text class="strong" x="${(x(v) + (end ? -3 : 3)).toFixed(1)}" y="${12 + 10 * i}" text-anchor="${end ? "end" : "start"}">${name}</text>`;
  });
  out += `<path class="axis" d="M${left} ${top}V${bottom}H${width - 12}"/><text x="${width - 12}" y="${bottom + 26}" text-anchor="end">${spec.unit}</text>`;
  svg.innerHTML = out + `<text x="${left}" y="${bottom + 26}">samples (log scale)</text>`;
}

function drawApproach(figure) {
  const spec = D.approaches[figure.dataset.approach], svg = figure.querySelector("svg");
  const width = 1000, height = 330, left = 58, bottom = height - 32, top = 10, points = spec.points;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  let far = 1, fast = 1, near = 0;
  for (const cloud of [points.inward, points.outward]) for (let i = 0; i < cloud.length; i += 2) {
    far = Math.max(far, cloud[i]); near = Math.min(near, cloud[i]); fast = Math.max(fast, cloud[i + 1]);
  }
  far = Math.min(spec.range, far * 1.03); fast *= 1.12; near = near < 0 ? near - 0.3 : 0;
  const x = (v) => left + (width - left - 14) * (v - near) / (far - near), y = (v) => bottom - (bottom - top) * v / fast;
  let out = `<clipPath id="clip-${figure.dataset.approach}"><path d="M${left} ${top}H${width - 14}V${bottom}H${left}Z"/></clipPath>`;
  for (const v of ticks(near, far, 10)) out += `<path class="grid" d="M${x(v).toFixed(1)} ${top}V${bottom}"/><text x="${x(v).toFixed(1)}" y="${bottom + 14}" text-anchor="middle">${short(v)}</text>`;
  for (const v of ticks(0, fast, 6)) out += `<path class="grid" d="M${left} ${y(v).toFixed(1)}H${width - 14}"/><text x="${left - 5}" y="${(y(v) + 4).toFixed(1)}" text-anchor="end">${short(v)}</text>`;
  out += `<path class="axis" d="M${left} ${top}V${bottom}H${width - 14}"/><path class="zero" d="M${x(0).toFixed(1)} ${top}V${bottom}"/>`;
  const ring = points.outward, dot = points.inward;
  let d = "";
  for (let i = 0; i < ring.length; i += 2) d += `M${(x(ring[i]) - 1.8).toFixed(1)} ${y(ring[i + 1]).toFixed(1)}a1.8 1.8 0 1 0 3.6 0a1.8 1.8 0 1 0 -3.6 0`;
  out += `<path class="outward" d="${d}"/>`;
  d = "";
  for (let i = 0; i < dot.length; i += 2) d += `M${(x(dot[i]) - 1.7).toFixed(1)} ${(y(dot[i + 1]) - 1.7).toFixed(1)}h3.4v3.4h-3.4Z`;
  out += `<path class="inward" d="${d}"/>`;
  if (spec.brake !== null) {
    d = "";
    for (let i = 0; i <= 120; i++) { const s = far * i / 120; d += `${i ? "L" : "M"}${x(s).toFixed(1)} ${y(Math.sqrt(2 * spec.brake * s * 1e3)).toFixed(1)}`; }
    out += `<path class="curve" clip-path="url(#clip-${figure.dataset.approach})" d="${d}"/>`;
  }
  spec.marks.forEach(([name, distance, speed]) => {
    const text = speed > 0 ? `${name}: ${short(speed)} mm/s` : `${name}: ${short(distance)} mm`;
    out += `<circle class="min" cx="${x(distance).toFixed(1)}" cy="${y(speed).toFixed(1)}" r="5"/>` +
      `<text class="strong" x="${(x(distance) + 9).toFixed(1)}" y="${(y(speed) - 7).toFixed(1)}">${text}</text>`;
  });
  out += `<text x="${width - 14}" y="${bottom + 28}" text-anchor="end">true distance, mm</text><text x="${left + 4}" y="${top + 10}">true tip speed, mm/s</text>`;
  svg.innerHTML = out;
}
