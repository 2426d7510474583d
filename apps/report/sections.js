// What the page says of one run, section by section.

const STATUS_COLORS = {
  ok: "var(--good)",
  constraint_inactive: "var(--c0)",
  not_converged: "var(--warning)",
  not_positive_definite: "var(--bad)",
  not_finite: "var(--c6)"
};

const xOf = (run) => ({label: "iteration", values: run.iterations});

/** One thin line per condition. */
const conditionSeries = (run, values, extra = {}) =>
    run.conditions
        .map((c, r) => ({name: `condition ${c}`, color: run.color(c), values: values(r), condition: r, ...extra}))
        .filter((s) => run.drawn.has(run.conditions[s.condition]));

/** Mean over conditions, the band from least to greatest, and a line per condition. */
function spread(run, column, options) {
  return lineChart({
    ...options,
    x: xOf(run),
    series: [
      ...conditionSeries(run, (r) => run.by(column)[r]),
      {name: "mean", color: "var(--ink)", values: run.over(mean, column), width: 2.4}
    ],
    bands: [{low: run.over(least, column), high: run.over(greatest, column), color: "var(--ink)"}]
  });
}

/** A cell for each condition and iteration; cell(r, c) speaks of the r-th condition and the c-th iteration. */
function conditionGrid(run, {cell, ...options}) {
  const rows = range(run.conditions.length).filter((r) => run.drawn.has(run.conditions[r]));
  const rowNames = rows.map((r) => String(run.conditions[r]));
  return cellGrid({...options, x: xOf(run), rowLabel: "condition", rowNames, cell: (r, c) => cell(rows[r], c)});
}

function learningSection(run) {
  const {summary} = run;
  const both = numbersOf([...run.by("global_distance"), ...run.by("local_distance")].flat());
  const sameAxis = {label: "distance (m)", log: false, positive: true, zero: true, domain: [null, greatest(both)]};
  const success = run.by("global_success");
  return element(
      "section", {}, element("h3", {}, "Learning"),
      run.every > 1 ?
          element("p", {class: "note"}, `Thin lines and rows: one condition in ${run.every}. Means and bands: all.`) :
          null,
      element(
          "div", {class: "grid two"}, spread(run, "global_distance", {
            title: "Global policy: distance to the target",
            y: sameAxis,
            lines: run.distanceLines,
            note: "After a rollout of the network's mean action. Thick: mean over conditions; band: least to greatest."
          }),
          spread(run, "local_distance", {
            title: "Local policies: distance to the target",
            y: sameAxis,
            lines: run.distanceLines,
            note: "After rollouts of the linear-Gaussian policies."
          }),
          lineChart({
            title: "Success rate of the global policy",
            x: xOf(run),
            y: {label: "share of conditions", domain: [0, 1], format: formatPercent},
            series: [{name: "success", color: "var(--good)", values: run.over(mean, "global_success"), width: 2.4}],
            details:
                (i) => [["conditions", `${formatNumber(sum(success.map((s) => s[i])))} of ${run.conditions.length}`]],
            note: isNumber(summary.success_distance) ?
                `A condition succeeds when it ends within ${formatNumber(summary.success_distance)} m of the target.` :
                null
          }),
          conditionGrid(run, {
            title: "Success by condition",
            keys: [{name: "success", color: "var(--good)"}, {name: "no success", color: "var(--empty)"}],
            cell: (r, c) =>
                (isNumber(success[r][c]) ? {
                  color: success[r][c] >= 0.5 ? "var(--good)" : "var(--empty)",
                  text: ["distance", formatNumber(run.by("global_distance")[r][c]) + " m"]
                } :
                                           null)
          })));
}

function costSection(run) {
  const measured = ["local_cost", "global_cost"].map((c) => run.over(mean, c));
  const has = (column) => column in run.raw.metrics && numbersOf(run.by(column).flat()).length > 0;
  const estimate = (column, name) =>
      (has(column) ? [{name, color: "var(--c1)", values: run.over(mean, column), width: 1.6, dash: "2 3", beyond: true}] : []);
  return element(
      "section", {}, element("h3", {}, "Cost and its bounds"),
      element(
          "div", {class: "grid two"}, lineChart({
            title: "Cost",
            x: xOf(run),
            y: {label: "mean cost", log: needsLog(measured)},
            series: [
              {name: "local", color: "var(--c1)", values: measured[0], width: 2},
              {name: "global", color: "var(--c0)", values: measured[1], width: 2.4}, {
                name: "predicted",
                color: "var(--muted)",
                values: run.over(median, "predicted_cost"),
                width: 1.6,
                dash: "5 4",
                beyond: true
              }
            ],
            note: "Mean over conditions, but the median of predictions. A triangle marks one beyond the axis."
          }),
          has("cost_bound") ? lineChart({
            title: "Bound on the cost",
            x: xOf(run),
            y: {label: "mean cost", log: true},
            series: [
              {name: "bound", color: "var(--bad)", values: run.over(mean, "cost_bound"), width: 2, dash: "5 4"},
              {name: "global, measured", color: "var(--c0)", values: measured[1], width: 2.4},
              ...estimate("expected_global_cost", "global, under the fitted dynamics")
            ],
            note: "Lemma 4.2 bounds the global policy's cost from above, by maxima over the samples. Mean over conditions."
          }) :
                              null,
          has("tv_bound") ? lineChart({
            title: "Bound on total variation",
            x: xOf(run),
            y: {label: "total variation", log: true, positive: true},
            series: [
              {name: "bound", color: "var(--bad)", values: run.over(mean, "tv_bound"), width: 2, dash: "5 4"},
              ...estimate("total_variation", "estimate, under the fitted dynamics").map((s) => ({...s, beyond: false}))
            ],
            lines: [{value: 1, label: "says nothing above 1", beyond: true}],
            note: "Lemma 4.1: between the last states of the local and the global policy. Mean over conditions."
          }) :
                            null,
          divergenceChart(run)));
}

/** The divergence of the local from the global policy at each step, in up to four iterations. */
function divergenceChart(run) {
  const all = run.raw.divergences ?? [];
  if (all.length === 0) return null;
  const shown = [...new Set([1, 2, 3, 4].map((q) => Math.round((q * all.length) / 4) - 1))].filter((i) => i >= 0);
  return lineChart({
    title: "Divergence at each step",
    x: {label: "step", values: range(all[0].kl.length)},
    y: {label: "KL (nats)", log: true, positive: true},
    series: shown.map(
        (i, n) =>
            ({name: `iteration ${all[i].iteration}`, color: colorOf(n, shown.length), values: all[i].kl, width: 1.6})),
    note: "Of the local policies from the network, after the S-step. Mean over samples and conditions."
  });
}

/** Whether values span so much that a linear axis would show only the largest. */
function needsLog(rows) {
  const sizes = numbersOf(rows.flat()).map(Math.abs).filter((v) => v > 0).sort((a, b) => a - b);
  return sizes.length > 2 && sizes.at(-1) > 20 * sizes[Math.floor(sizes.length / 2)];
}

function stepSection(run) {
  const ratio = (r) => run.by("kl_divergence")[r].map((kl, i) => {
    const bound = run.by("step_size")[r][i];
    return isNumber(kl) && isNumber(bound) && bound > 0 ? kl / bound : null;
  });
  const status = run.by("status");
  const counts = new Map();
  for (const s of status.flat())
    if (s) counts.set(s, (counts.get(s) ?? 0) + 1);
  const total = sum([...counts.values()]);
  const colorOfStatus = (s) => STATUS_COLORS[s] ?? "var(--muted)";
  const order = [...Object.keys(STATUS_COLORS), ...[...counts.keys()].filter((s) => !(s in STATUS_COLORS))].filter(
      (s) => counts.has(s));
  const events = Object.entries(run.summary.counts ?? {});
  return element(
      "section", {}, element("h3", {}, "Step size and dual search"),
      element(
          "div", {class: "grid two"}, spread(run, "step_size", {
            title: "Step size ε",
            y: {label: "ε (nats)", log: true, positive: true},
            note: "Bound on the KL divergence of a local from the linearised global policy, over the horizon."
          }),
          lineChart({
            title: "KL divergence against its bound",
            x: xOf(run),
            y: {label: "KL / ε", zero: true},
            series: conditionSeries(run, ratio),
            lines: [{value: 1, label: "bound"}],
            note: "At 1 the bound is met exactly; below, it did not bind."
          }),
          spread(run, "dual", {title: "Dual variable η", y: {label: "η", log: true, positive: true}}),
          spread(
              run, "dual_evaluations",
              {title: "Evaluations of the dual search", y: {label: "evaluations", zero: true}}),
          conditionGrid(run, {
            title: "Status of the C-step",
            keys: order.map((s) => ({name: words(s), color: colorOfStatus(s)})),
            cell: (r, c) =>
                (status[r][c] ? {color: colorOfStatus(status[r][c]), text: [words(status[r][c]), ""]} : null)
          }),
          element(
              "figure", {}, element("figcaption", {}, element("h4", {}, "Counted")),
              element(
                  "table", {class: "counts"},
                  element(
                      "thead", {},
                      element(
                          "tr", {}, element("th", {}, "C-steps by status"), element("th", {class: "number"}, "count"),
                          element("th", {class: "number"}, "share"))),
                  element(
                      "tbody", {},
                      order.map(
                          (s) => element(
                              "tr", {},
                              element(
                                  "td", {}, element("i", {class: "swatch", style: `background:${colorOfStatus(s)}`}),
                                  words(s)),
                              element("td", {class: "number"}, String(counts.get(s))),
                              element("td", {class: "number"}, formatPercent(counts.get(s) / total)))),
                      events.length ? element("tr", {}, element("th", {colspan: 3}, "Over the whole run")) : null,
                      events.map(
                          ([name, value]) => element(
                              "tr", {}, element("td", {}, words(name)),
                              element("td", {class: "number"}, formatNumber(value)), element("td"))))))));
}

const PHASES = [
  ["rollout", "rollouts", "--c0"], ["fit", "fitting", "--c1"], ["c_step", "C-step", "--c2"],
  ["s_step", "S-step", "--c3"]
];

function timeSection(run) {
  const parts = PHASES.map(([key, name, color]) => ({key, name, color: `var(${color})`, values: run.seconds(key)}));
  const rows = parts.map((p) => [p.color, p.name, sum(p.values)]);
  for (const [name, value] of Object.entries(run.summary.seconds ?? {}))
    if (name !== "total" && !PHASES.some(([key]) => key === name) && isNumber(value))
      rows.push([null, words(name), value]);
  const total = run.totalSeconds ?? sum(rows.map((r) => r[2]));
  const rest = total - sum(rows.map((r) => r[2]));
  if (rest > 0.01 * total) rows.push([null, "everything else", rest]);
  return element(
      "section", {}, element("h3", {}, "Time"),
      element(
          "div", {class: "grid two"},
          stackedBars({title: "Seconds per iteration", x: xOf(run), y: {label: "seconds"}, parts}),
          element(
              "figure", {}, element("figcaption", {}, element("h4", {}, "By phase")),
              element(
                  "table", {},
                  element(
                      "thead", {},
                      element(
                          "tr", {}, element("th", {}, "phase"),
                          ...["in all", "per iteration", "share"].map((t) => element("th", {class: "number"}, t)))),
                  element(
                      "tbody", {},
                      rows.map(
                          ([color, name, seconds]) => element(
                              "tr", {},
                              element(
                                  "td", {},
                                  element("i", {class: "swatch", style: `background:${color ?? "transparent"}`}), name),
                              ...[formatSeconds(seconds), formatSeconds(seconds / run.iterations.length),
                                  formatPercent(seconds / total)]
                                  .map((t) => element("td", {class: "number"}, t))))),
                  element(
                      "tfoot", {},
                      element(
                          "tr", {}, element("th", {}, "together"),
                          ...[formatSeconds(total), formatSeconds(total / run.iterations.length), ""].map(
                              (t) => element("td", {class: "number"}, t))))))));
}

function settingsSection(run) {
  const s = run.summary;
  const facts = [
    ["version", s.version], ["machine", s.machine], ["device", s.device], ["threads", s.threads], ["seed", s.seed],
    ["method", methodOf(s)], ["sampling", samplingOf(s)], ["step rule", s.step_rule],
    ["linearisation", s.linearization], ["conditions", s.conditions], ["states", s.states], ["actions", s.actions],
    ["observations", s.observations], ["horizon", s.horizon], ["folder", run.name]
  ];
  const given = facts.filter(([, v]) => v !== undefined && v !== null && v !== "");
  return element(
      "section", {}, element("h3", {}, "Settings"),
      element(
          "dl", {class: "facts"},
          given.map(
              ([name, value]) => element(
                  "div", {}, element("dt", {}, name),
                  element("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value))))),
      element("details", {}, element("summary", {}, "config.toml"), element("pre", {tabindex: 0}, run.raw.config)));
}

/**
 * Names of the conditions beside their colours. Pointing at one, or pressing it, brings its lines forward everywhere
 * in the run.
 */
function conditionChips(run, root) {
  if (run.conditions.length < 2 || run.conditions.length > MOST_LINES) return null;
  let pinned = null;
  const focus = (row) => {
    root.classList.toggle("focused", row !== null);
    for (const node of root.querySelectorAll("[data-condition]"))
      node.classList.toggle("on", Number(node.dataset.condition) === row);
  };
  const chips = run.conditions.map(
      (c, row) => element(
          "button", {
            type: "button",
            "aria-pressed": false,
            onmouseenter: () => focus(row),
            onmouseleave: () => focus(pinned),
            onclick: () => {
              pinned = pinned === row ? null : row;
              chips.forEach((chip, i) => chip.setAttribute("aria-pressed", i === pinned));
              focus(pinned);
            }
          },
          element("i", {class: "swatch", style: `background:${run.color(c)}`}), String(c)));
  // Charts that are drawn again later take up the same focus.
  new MutationObserver(() => {
    if (pinned !== null) focus(pinned);
  }).observe(root, {childList: true, subtree: true});
  return element("div", {class: "chips"}, element("span", {}, "Conditions"), chips);
}

const card = (label, value, more, kind) => element(
    "div", {class: "card " + (kind ?? "")}, element("span", {}, label), element("strong", {}, value),
    more ? element("small", {}, more) : null);
const grade = (success) => (!isNumber(success) ? "" : success >= 0.9 ? "good" : success >= 0.5 ? "warning" : "bad");

function headline(run) {
  const n = run.conditions.length, s = run.summary;
  if (run.iterations.length === 0) return "No iteration was finished.";
  const reached = isNumber(run.success) ?
      `the policy succeeds in ${formatNumber(run.success * n)} of ${plural(n, "condition")}` :
      "the policy's success was not measured";
  const distance = isNumber(run.distance) ? `, ends ${formatNumber(run.distance, 2)} m from the target on average` : "";
  const time = isNumber(run.totalSeconds) ? `, and took ${formatSeconds(run.totalSeconds)} to train` : "";
  return `After ${plural(run.iterations.at(-1), "iteration")} ${reached}${distance}${time}.`;
}

/** The film and the picture that lie in the run's folder. */
function pictureSection(run) {
  const pictures = run.raw.pictures ?? [];
  if (pictures.length === 0) return null;
  const figures = pictures.map((p) => {
    const what = p.type === "image/webp" ? "a film" : "the end";
    return element(
        "figure", {}, element("img", {src: `data:${p.type};base64,${p.base64}`, alt: what}),
        element("figcaption", {class: "note"}, what));
  });
  return element(
      "section", {}, element("h3", {}, "The policy at work"), element("div", {class: "pictures"}, figures));
}

function runSection(run, level) {
  const s = run.summary, n = run.conditions.length;
  const counts = s.counts ?? {};
  const root = element("article", {class: "run"});
  const about =
      [methodOf(s), samplingOf(s), stepRuleOf(s), isNumber(s.seed) && `seed ${s.seed}`].filter(Boolean).join(" · ");
  root.append(element(
      "header", {}, level === 1 ? element("h1", {}, words(s.task ?? run.name)) : null,
      s.description ? element("p", {class: "about"}, s.description) : null, element("p", {class: "about"}, about),
      level === 1 ? element("p", {class: "headline"}, headline(run)) : null));
  if (run.iterations.length > 0) {
    const perIteration =
        isNumber(run.totalSeconds) ? formatSeconds(run.totalSeconds / run.iterations.length) + " per iteration" : null;
    root.append(element(
        "div", {class: "cards"},
        card(
            "Success", formatPercent(run.success),
            isNumber(run.success) ? `${formatNumber(run.success * n)} of ${plural(n, "condition")}` : null,
            grade(run.success)),
        card(
            "Global policy", isNumber(run.distance) ? formatNumber(run.distance, 2) + " m" : "–",
            "mean final distance"),
        card(
            "Local policies", isNumber(run.localDistance) ? formatNumber(run.localDistance, 2) + " m" : "–",
            "mean final distance"),
        card("Iterations", String(run.iterations.at(-1)), plural(n, "condition")),
        isNumber(run.totalSeconds) ? card("Time", formatSeconds(run.totalSeconds), perIteration) : null,
        "guarded_step_sizes" in counts ?
            card("Guarded steps", formatNumber(counts.guarded_step_sizes), `of ${run.iterations.length * n}`) :
            null,
        "refitted_dynamics" in counts ?
            card("Refitted dynamics", formatNumber(counts.refitted_dynamics), "with a stronger prior") :
            null,
        "dropped_samples" in counts ?
            card("Dropped samples", formatNumber(counts.dropped_samples), "rollouts that diverged") :
            null));
    const sections =
        [pictureSection(run), learningSection(run), pathSection(run), costSection(run), stepSection(run), timeSection(run)].filter(Boolean);
    const chips = conditionChips(run, root);
    root.append(...[chips, ...sections].filter(Boolean));
  }
  root.append(settingsSection(run));
  return root;
}
