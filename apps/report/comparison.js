// Several runs of one task beside each other.

/** Runs that differ in nothing but their seed share a group, named by what sets it apart from the other groups. */
function grouped(runs) {
  const keys = [(s) => methodOf(s), samplingOf, stepRuleOf, (s) => (s.linearization ? words(s.linearization) : "")];
  const telling = keys.filter((key) => new Set(runs.map((r) => key(r.summary))).size > 1);
  const groups = new Map();
  for (const run of runs) {
    const label =
        telling.map((key) => key(run.summary)).filter(Boolean).join(", ") || words(run.summary.task ?? "runs");
    if (!groups.has(label)) groups.set(label, []);
    groups.get(label).push(run);
  }
  return [...groups].map(([label, members], i, all) => ({label, runs: members, color: colorOf(i, all.length)}));
}

/** Runs of one task beside each other. */
function comparison(task, runs) {
  const groups = grouped(runs);
  const iterations = [...new Set(runs.flatMap((r) => r.iterations))].sort((a, b) => a - b);
  const valuesOf = (run, column) => iterations.map((k) => run.over(mean, column)[run.iterations.indexOf(k)] ?? null);
  const chart = (title, column, y, more = {}) => {
    const series = [], bands = [];
    for (const group of groups) {
      const lines = group.runs.map((r) => valuesOf(r, column));
      const over = (statistic) => iterations.map((_, i) => statistic(lines.map((l) => l[i])));
      if (lines.length > 1) {
        bands.push({low: over(least), high: over(greatest), color: group.color});
        lines.forEach(
            (values, i) => series.push(
                {name: group.runs[i].name, color: group.color, values, condition: -1, quiet: true, width: 0.9}));
      }
      series.push({
        name: group.label + (lines.length > 1 ? ` (${lines.length})` : ""),
        color: group.color,
        values: over(mean),
        width: 2.4
      });
    }
    return lineChart({title, x: {label: "iteration", values: iterations}, y, series, bands, ...more});
  };
  const quarters =
      [...new Set([1, 2, 3, 4].map((q) => iterations[Math.round((q * iterations.length) / 4) - 1]))].filter(isNumber);
  const successAt = (run, k) => {
    const i = run.iterations.indexOf(k);
    return i < 0 ? null : run.over(mean, "global_success")[i];
  };
  const row = (cells, attributes = {}) => element(
      "tr", attributes,
      cells.map(
          (c, i) =>
              element(i === 0 ? "th" : "td", {class: i > 1 ? "number" : null, scope: i === 0 ? "row" : null}, c)));
  const rows = groups.flatMap((g) => {
    const swatch = element("i", {class: "swatch", style: `background:${g.color}`});
    const each = g.runs.map(
        (r) => row([
          element("span", {}, g.runs.length > 1 ? null : swatch, element("a", {href: "#run" + r.index}, r.name)),
          String(r.summary.seed ?? "–"), ...quarters.map((k) => formatPercent(successAt(r, k))),
          formatDistance(r.distance), formatDistance(r.localDistance), formatSeconds(r.totalSeconds)
        ]));
    if (g.runs.length === 1) return each;
    const over = (f) => mean(g.runs.map(f));
    return [
      row(
          [
            element("span", {}, swatch, g.label), "mean of " + g.runs.length,
            ...quarters.map((k) => formatPercent(over((r) => successAt(r, k)))),
            formatDistance(over((r) => r.distance)), formatDistance(over((r) => r.localDistance)),
            formatSeconds(over((r) => r.totalSeconds))
          ],
          {class: "group"}),
      ...each
    ];
  });
  const lines = runs[0].distanceLines;
  return element(
      "section", {}, element("h3", {class: "task"}, words(task)),
      element(
          "div", {class: "scroll"},
          element(
              "table", {class: "runs"},
              element(
                  "thead", {},
                  element(
                      "tr", {},
                      [
                        "run", "seed", ...quarters.map((k) => `success, it. ${k}`), "final distance (m)",
                        "local policies (m)", "time"
                      ].map((t, i) => element("th", {class: i > 1 ? "number" : null, scope: "col"}, t)))),
              element("tbody", {}, rows))),
      element(
          "div", {class: "grid two"},
          chart(
              "Global policy: distance to the target", "global_distance",
              {label: "distance (m)", log: false, positive: true, zero: true}, {lines}),
          chart(
              "Success rate of the global policy", "global_success",
              {label: "share of conditions", domain: [0, 1], format: formatPercent}),
          chart(
              "Local policies: distance to the target", "local_distance",
              {label: "distance (m)", log: false, positive: true, zero: true}, {lines}),
          chart(
              "Cost of the global policy", "global_cost",
              {label: "mean cost", log: needsLog(runs.map((r) => valuesOf(r, "global_cost")))})),
      groups.some((g) => g.runs.length > 1) ?
          element(
              "p", {class: "note"},
              "Means over conditions. Thick: mean over a group's runs; thin: each run; band: least to greatest.") :
          null);
}
