// Figure 1 and Table 1 of the paper, from runs of mdgps reproduce.

const COLUMNS = {
  "badmm": "BADMM",
  "off-policy-classic": "Off-policy, classic",
  "off-policy-global": "Off-policy, global",
  "on-policy-classic": "On-policy, classic",
  "on-policy-global": "On-policy, global",
  "dual_gradient": "Dual gradient",
  "penalty": "Penalty",
  "admm": "ADMM",
  "dagger": "DAgger"
};
const columnName = (method) => COLUMNS[method] ?? method;
const taskName = (task) => task.replaceAll("_", " ");

/** Mean distance against iteration, one line per method, with a band of one standard deviation over the runs. */
function distanceChart({task, fail_distance, curves}) {
  return lineChart({
    title: taskName(task),
    x: {label: "iteration", values: range(curves[0].distance.length).map((i) => i + 1)},
    y: {label: "final distance (m)", log: false, positive: true, zero: true},
    series: curves.map(
        (c, i) =>
            ({name: columnName(c.method), color: colorOf(i, curves.length), values: c.distance, width: 2.2})),
    bands: curves.map((c, i) => ({
                        low: c.distance.map((d, k) => Math.max(0, d - c.distance_std[k])),
                        high: c.distance.map((d, k) => d + c.distance_std[k]),
                        color: colorOf(i, curves.length)
                      })),
    lines: [{value: fail_distance, label: "failed", color: "var(--bad)"}],
    height: 300
  });
}

function table1({task, curves}) {
  const head = (text) => element("th", {class: "number", scope: "col"}, text);
  const number = (text) => element("td", {class: "number"}, text);
  const row = (name, cell) => element("tr", {}, element("th", {scope: "row"}, name), curves.map((c) => number(cell(c))));
  const rows = curves[0].table.map(({iteration}, r) => row(`iteration ${iteration}`, (c) => {
                                     const paper = c.table[r].paper;
                                     const ours = formatPercent(c.success[iteration - 1]);
                                     return isNumber(paper) ? `${ours} (${formatPercent(paper)})` : ours;
                                   }));
  return element(
      "div", {class: "scroll"},
      element(
          "table", {class: "runs"},
          element(
              "thead", {},
              element("tr", {}, element("th", {scope: "col"}, taskName(task)), curves.map((c) => head(columnName(c.method))))),
          element(
              "tbody", {}, rows,
              row("final distance (m)",
                  (c) => formatDistance(c.distance.at(-1)) +
                         (c.final_distances.length < 2 ? "" : ` ± ${formatDistance(c.distance_std.at(-1))}`)),
              row("of each run (m)", (c) => c.final_distances.map((d) => formatDistance(d)).join(", ")),
              row("time of a run", (c) => formatSeconds(c.seconds)))));
}

function buildReproduction() {
  const tasks = JSON.parse(document.getElementById("data").textContent);
  const runs = [...new Set(tasks.flatMap((t) => t.curves.map((c) => c.runs)))].sort((a, b) => a - b);
  document.getElementById("report").append(
      element(
          "header", {}, element("h1", {}, "The paper, reproduced"),
          element(
              "p", {class: "about"},
              "Montgomery & Levine, Guided Policy Search as Approximate Mirror Descent, 2016. " +
                  `${runs.join(" to ")} runs of each method, the global policy's mean action rolled out.`)),
      element("h2", {}, "Figure 1"), element("div", {class: "grid two"}, tasks.map(distanceChart)),
      element(
          "p", {class: "note"},
          "Mean distance at the end of a rollout, over the conditions; lines and bands: mean and standard deviation over " +
              "the runs. Above the red line a rollout has failed."),
      element("h2", {}, "Table 1"), ...tasks.map(table1),
      element("p", {class: "note"}, "Success rates, mean over the runs; the paper's in brackets."),
      element("footer", {}, "Written by mdgps reproduce."));
  document.body.append(tooltip);
}

buildReproduction();
