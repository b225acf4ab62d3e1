// Start: draw everything once (also what prints), then listen.
function jump(i) { // show an intervention with half a second around it
  const [start, end] = D.interventions[i];
  setRange(Math.max(FULL[0], start - 0.5), Math.min(FULL[1], end + 0.5));
  document.getElementById("margins").scrollIntoView();
}
document.querySelectorAll("figure.verdicts").forEach((figure) => new VerdictStrip(figure));
document.querySelectorAll("figure[data-chart]").forEach((figure) => new TimeChart(figure));
document.querySelectorAll("figure[data-histogram]").forEach(drawHistogram);
document.querySelectorAll("figure[data-approach]").forEach(drawApproach);
timeAxis.charts.forEach(listen);
timeAxis.listeners.push((all) => { scene.range = all ? null : [timeAxis.t0, timeAxis.t1]; drawScene(); });
listenScene();
resetScene("oblique");
setRange(FULL[0], FULL[1]);
const ACTIONS = { all: () => setRange(FULL[0], FULL[1]), in: () => zoom(0.5), out: () => zoom(2), back: () => shift(-0.5), on: () => shift(0.5) };
document.querySelectorAll("[data-range]").forEach((b) => b.addEventListener("click", ACTIONS[b.dataset.range]));
document.querySelectorAll("[data-jump]").forEach((b) => b.addEventListener("click", () => jump(Number(b.dataset.jump))));
document.querySelectorAll("[data-near]").forEach((b) => b.addEventListener("click", () => {
  timeAxis.near = !timeAxis.near;
  b.setAttribute("aria-pressed", String(timeAxis.near));
  timeAxis.charts.forEach((chart) => chart.draw());
}));
