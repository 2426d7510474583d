// The page itself: what is said of one run, and of several beside each other.

const STATUS_COLORS = {ok: "var(--good)", constraint_inactive: "var(--c0)", not_converged: "var(--warning)",
                       not_positive_definite: "var(--bad)", not_finite: "var(--c6)"};
const MOST_LINES = 64;  // conditions drawn one by one; more than these are seen in means and bands only

const words = (name) => String(name).replaceAll("_", " ");
const METHODS = {mdgps: "MDGPS", badmm: "BADMM", dual_gradient: "dual gradient", penalty: "penalty", admm: "ADMM", dagger: "DAgger"};
const SAMPLING = {local: "off-policy", global: "on-policy"};
const methodOf = (s) => METHODS[s.method] ?? words(s.method ?? "");
const samplingOf = (s) => SAMPLING[s.sampling] ?? words(s.sampling ?? "");
const stepRuleOf = (s) => (s.step_rule ? words(s.step_rule) + " step rule" : "");

/** A run's columns as values by condition and iteration, with what the charts ask of them. */
function arrange(raw) {
  const {metrics} = raw, summary = raw.summary ?? {};
  const different = (values) => [...new Set(numbersOf(values))].sort((a, b) => a - b);
  const iterations = different(metrics.iteration), conditions = different(metrics.condition);
  const rowOf = new Map(conditions.map((c, i) => [c, i])), columnOf = new Map(iterations.map((k, i) => [k, i]));
  const table = (name) => {
    const values = conditions.map(() => iterations.map(() => null));
    metrics[name].forEach((v, i) => {
      const r = rowOf.get(metrics.condition[i]), c = columnOf.get(metrics.iteration[i]);
      if (r !== undefined && c !== undefined) values[r][c] = v;
    });
    return values;
  };
  const tables = {};
  const by = (name) => (tables[name] ??= table(name));
  const column = (name, i) => by(name).map((row) => row[i]);
  const over = (statistic, name) => iterations.map((_, i) => statistic(column(name, i)));
  const every = Math.ceil(conditions.length / MOST_LINES);
  const last = iterations.length - 1;
  const final = summary.final ?? {};
  const distanceLines = [];
  if (isNumber(summary.fail_distance)) distanceLines.push({value: summary.fail_distance, label: "failed"});
  if (isNumber(summary.success_distance)) distanceLines.push({value: summary.success_distance, label: "success"});
  return {
    raw, summary, name: raw.name, iterations, conditions, by, over, distanceLines,
    drawn: new Set(conditions.filter((_, i) => i % every === 0)),
    color: (condition) => colorOf(rowOf.get(condition), conditions.length),
    // An iteration's seconds stand in each of its rows.
    seconds: (phase) => over(greatest, phase + "_seconds"),
    distance: (last >= 0 ? mean(column("global_distance", last)) : null) ?? final.mean_distance ?? null,
    localDistance: last >= 0 ? mean(column("local_distance", last)) : null,
    success: (last >= 0 ? mean(column("global_success", last)) : null) ?? final.success ?? null,
    totalSeconds: summary.seconds?.total ?? null,
  };
}

const xOf = (run) => ({label: "iteration", values: run.iterations});

/** One thin line per condition. */
const conditionSeries = (run, values, extra = {}) => run.conditions.map((c, r) => ({
  name: `condition ${c}`, color: run.color(c), values: values(r), condition: r, ...extra})).filter((s) => run.drawn.has(run.conditions[s.condition]));

/** Mean over conditions, the band from least to greatest, and a line per condition. */
function spread(run, column, options) {
  return lineChart({...options, x: xOf(run),
    series: [...conditionSeries(run, (r) => run.by(column)[r]),
             {name: "mean", color: "var(--ink)", values: run.over(mean, column), width: 2.4}],
    bands: [{low: run.over(least, column), high: run.over(greatest, column), color: "var(--ink)"}]});
}

function learningSection(run) {
  const {summary} = run;
  const both = numbersOf([...run.by("global_distance"), ...run.by("local_distance")].flat());
  const sameAxis = {label: "distance (m)", log: false, positive: true, zero: true, domain: [null, greatest(both)]};
  const success = run.by("global_success");
  return element("section", {}, element("h3", {}, "Learning"), element("div", {class: "grid two"},
    spread(run, "global_distance", {title: "Global policy: distance to the target", y: sameAxis, lines: run.distanceLines,
        note: "At the end of a rollout of the network's mean action. Thick: mean over conditions; band: least to greatest."}),
    spread(run, "local_distance", {title: "Local policies: distance to the target", y: sameAxis, lines: run.distanceLines,
        note: "At the end of rollouts of the linear-Gaussian policies."}),
    lineChart({title: "Success rate of the global policy", x: xOf(run), y: {label: "conditions", domain: [0, 1], format: formatPercent, log: undefined},
        series: [{name: "success", color: "var(--good)", values: run.over(mean, "global_success"), width: 2.4}],
        details: (i) => [["conditions", `${formatNumber(sum(success.map((s) => s[i])))} of ${run.conditions.length}`]],
        note: isNumber(summary.success_distance) ? `A condition succeeds when it ends within ${formatNumber(summary.success_distance)} m of the target.` : null}),
    lineChart({title: "Cost", x: xOf(run), y: {label: "mean cost", log: needsLog([run.over(mean, "local_cost"), run.over(mean, "global_cost")])},
        series: [{name: "local", color: "var(--c1)", values: run.over(mean, "local_cost"), width: 2},
                 {name: "global", color: "var(--c0)", values: run.over(mean, "global_cost"), width: 2.4},
                 {name: "predicted", color: "var(--muted)", values: run.over(mean, "predicted_cost"), width: 1.6, dash: "5 4", beyond: true}],
        note: "Mean over conditions. A triangle marks a prediction beyond the axis."}),
    cellGrid({title: "Success by condition", x: xOf(run), rowNames: run.conditions.map(String), rowLabel: "condition",
        keys: [{name: "success", color: "var(--good)"}, {name: "not yet", color: "var(--empty)"}],
        cell: (r, c) => (isNumber(success[r][c]) ? {color: success[r][c] >= 0.5 ? "var(--good)" : "var(--empty)",
            text: [[success[r][c] >= 0.5 ? "success" : "no success", ""], ]
                .map(([a, b]) => [null, a, b])[0].slice(1).length ? ["distance", formatNumber(run.by("global_distance")[r][c]) + " m"] : []} : null)}),
  ));
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
  for (const s of status.flat()) if (s) counts.set(s, (counts.get(s) ?? 0) + 1);
  const total = sum([...counts.values()]);
  const colorOfStatus = (s) => STATUS_COLORS[s] ?? "var(--muted)";
  const order = [...Object.keys(STATUS_COLORS), ...[...counts.keys()].filter((s) => !(s in STATUS_COLORS))].filter((s) => counts.has(s));
  const events = Object.entries(run.summary.counts ?? {});
  return element("section", {}, element("h3", {}, "Step size and dual search"), element("div", {class: "grid two"},
    spread(run, "step_size", {title: "Step size ε", y: {label: "ε (nats)", log: true, positive: true},
        note: "Bound on the KL divergence of each local policy from the linearised global policy, over the whole horizon."}),
    lineChart({title: "KL divergence against its bound", x: xOf(run), y: {label: "KL / ε", zero: true, log: undefined},
        series: conditionSeries(run, ratio), lines: [{value: 1, label: "bound"}],
        note: "At 1 the bound is met exactly; below, it did not bind."}),
    spread(run, "dual", {title: "Dual variable η", y: {label: "η", log: true, positive: true}}),
    spread(run, "dual_evaluations", {title: "Evaluations of the dual search", y: {label: "evaluations", zero: true, log: undefined}}),
    cellGrid({title: "Status of the C-step", x: xOf(run), rowNames: run.conditions.map(String), rowLabel: "condition",
        keys: order.length === 1 ? [{name: words(order[0]), color: colorOfStatus(order[0])}, ] : order.map((s) => ({name: words(s), color: colorOfStatus(s)})),
        cell: (r, c) => (status[r][c] ? {color: colorOfStatus(status[r][c]), text: [words(status[r][c]), ""]} : null)}),
    element("figure", {}, element("figcaption", {}, element("h4", {}, "Counted")), element("table", {class: "counts"},
        element("thead", {}, element("tr", {}, element("th", {}, "C-steps by status"), element("th", {class: "number"}, "count"), element("th", {class: "number"}, "share"))),
        element("tbody", {}, order.map((s) => element("tr", {}, element("td", {}, element("i", {class: "swatch", style: `background:${colorOfStatus(s)}`}), words(s)),
            element("td", {class: "number"}, String(counts.get(s))), element("td", {class: "number"}, formatPercent(counts.get(s) / total)))),
          events.length ? element("tr", {}, element("th", {colspan: 3}, "Over the whole run")) : null,
          events.map(([name, value]) => element("tr", {}, element("td", {}, words(name)), element("td", {class: "number"}, formatNumber(value)), element("td"))))))));
}

function boundSection(run) {
  const columns = ["cost_bound", "tv_bound"].map((c) => numbersOf(run.by(c).flat()).length);
  if (columns.every((n) => n === 0)) return null;
  return element("section", {}, element("h3", {}, "Bounds on the global policy"), element("div", {class: "grid two"},
    columns[0] ? lineChart({title: "Cost and its bound", x: xOf(run), y: {label: "mean cost", log: true},
        series: [{name: "bound", color: "var(--bad)", values: run.over(mean, "cost_bound"), width: 2, dash: "5 4"},
                 {name: "global, measured", color: "var(--c0)", values: run.over(mean, "global_cost"), width: 2.4},
                 {name: "local, measured", color: "var(--c1)", values: run.over(mean, "local_cost"), width: 1.6}],
        note: "Lemma 4.2: the global policy costs at most this much more than the local policies. Mean over conditions."}) : null,
    columns[1] ? spread(run, "tv_bound", {title: "Bound on the total variation of the state marginals", y: {label: "total variation", log: true, positive: true},
        lines: [{value: 2, label: "says nothing above 2", beyond: true}], note: "Lemma 4.1, largest over the horizon."}) : null));
}

const PHASES = [["rollout", "rollouts", "--c0"], ["fit", "fitting", "--c1"], ["c_step", "C-step", "--c2"], ["s_step", "S-step", "--c3"]];

function timeSection(run) {
  const parts = PHASES.map(([key, name, color]) => ({key, name, color: `var(${color})`, values: run.seconds(key)}));
  const rows = parts.map((p) => [p.color, p.name, sum(p.values)]);
  for (const [name, value] of Object.entries(run.summary.seconds ?? {}))
    if (name !== "total" && !PHASES.some(([key]) => key === name) && isNumber(value)) rows.push([null, words(name), value]);
  const total = run.totalSeconds ?? sum(rows.map((r) => r[2]));
  const rest = total - sum(rows.map((r) => r[2]));
  if (rest > 0.01 * total) rows.push([null, "everything else", rest]);
  return element("section", {}, element("h3", {}, "Time"), element("div", {class: "grid two"},
    stackedBars({title: "Seconds per iteration", x: xOf(run), y: {label: "seconds"}, parts}),
    element("figure", {}, element("figcaption", {}, element("h4", {}, "By phase")), element("table", {},
      element("thead", {}, element("tr", {}, element("th", {}, "phase"), ...["in all", "per iteration", "share"].map((t) => element("th", {class: "number"}, t)))),
      element("tbody", {}, rows.map(([color, name, seconds]) => element("tr", {},
          element("td", {}, element("i", {class: "swatch", style: `background:${color ?? "transparent"}`}), name),
          ...[formatSeconds(seconds), formatSeconds(seconds / run.iterations.length), formatPercent(seconds / total)].map((t) => element("td", {class: "number"}, t))))),
      element("tfoot", {}, element("tr", {}, element("th", {}, "together"),
          ...[formatSeconds(total), formatSeconds(total / run.iterations.length), ""].map((t) => element("td", {class: "number"}, t))))))));
}

function settingsSection(run) {
  const s = run.summary;
  const facts = [["version", s.version], ["machine", s.machine], ["device", s.device], ["threads", s.threads], ["seed", s.seed], ["method", methodOf(s)],
                 ["sampling", samplingOf(s)], ["step rule", s.step_rule], ["linearisation", s.linearization], ["conditions", s.conditions],
                 ["states", s.states], ["actions", s.actions], ["observations", s.observations], ["horizon", s.horizon], ["folder", run.name]];
  const given = facts.filter(([, v]) => v !== undefined && v !== null && v !== "");
  return element("section", {}, element("h3", {}, "Settings"),
    element("dl", {class: "facts"}, given.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {},
        typeof value === "object" ? JSON.stringify(value) : String(value))))),
    element("details", {}, element("summary", {}, "config.toml"), element("pre", {tabindex: 0}, run.raw.config)));
}

/** Names of the conditions beside their colours. Pointing at one, or pressing it, brings its lines forward everywhere in the run. */
function conditionChips(run, root) {
  if (run.conditions.length < 2 || run.conditions.length > MOST_LINES) return null;
  let pinned = null;
  const focus = (row) => {
    root.classList.toggle("focused", row !== null);
    for (const node of root.querySelectorAll("[data-condition]")) node.classList.toggle("on", Number(node.dataset.condition) === row);
  };
  const chips = run.conditions.map((c, row) => element("button", {type: "button", "aria-pressed": false, onmouseenter: () => focus(row), onmouseleave: () => focus(pinned),
    onclick: () => {
      pinned = pinned === row ? null : row;
      chips.forEach((chip, i) => chip.setAttribute("aria-pressed", i === pinned));
      focus(pinned);
    }}, element("i", {class: "swatch", style: `background:${run.color(c)}`}), String(c)));
  // Charts that are drawn again later take up the same focus.
  new MutationObserver(() => { if (pinned !== null) focus(pinned); }).observe(root, {childList: true, subtree: true});
  return element("div", {class: "chips"}, element("span", {}, "Conditions"), chips);
}

const card = (label, value, more, kind) => element("div", {class: "card " + (kind ?? "")}, element("span", {}, label), element("strong", {}, value), more ? element("small", {}, more) : null);
const grade = (success) => (!isNumber(success) ? "" : success >= 0.9 ? "good" : success >= 0.5 ? "warning" : "bad");

function headline(run) {
  const n = run.conditions.length, s = run.summary;
  if (run.iterations.length === 0) return "No iteration was finished.";
  const reached = isNumber(run.success) ? `the policy succeeds in ${formatNumber(run.success * n)} of ${plural(n, "condition")}` : "the policy's success was not measured";
  const distance = isNumber(run.distance) ? `, ends ${formatNumber(run.distance)} m from the target on average` : "";
  const time = isNumber(run.totalSeconds) ? `, and took ${formatSeconds(run.totalSeconds)} to train` : "";
  return `After ${plural(run.iterations.at(-1), "iteration")} ${reached}${distance}${time}.`;
}

function runSection(run, level) {
  const s = run.summary, n = run.conditions.length;
  const counts = s.counts ?? {};
  const root = element("article", {class: "run"});
  const about = [methodOf(s), samplingOf(s), stepRuleOf(s), isNumber(s.seed) ? `seed ${s.seed}` : ""].filter(Boolean).join(" · ");
  root.append(element("header", {},
    level === 1 ? element("h1", {}, words(s.task ?? run.name)) : null,
    s.description ? element("p", {class: "about"}, s.description) : null, element("p", {class: "about"}, about),
    element("p", {class: "headline"}, headline(run))));
  if (run.iterations.length > 0) {
    const perIteration = isNumber(run.totalSeconds) ? formatSeconds(run.totalSeconds / run.iterations.length) + " per iteration" : null;
    root.append(element("div", {class: "cards"},
      card("Success", formatPercent(run.success), isNumber(run.success) ? `${formatNumber(run.success * n)} of ${plural(n, "condition")}` : null, grade(run.success)),
      card("Global policy", isNumber(run.distance) ? formatNumber(run.distance) + " m" : "–", "mean final distance"),
      card("Local policies", isNumber(run.localDistance) ? formatNumber(run.localDistance) + " m" : "–", "mean final distance"),
      card("Iterations", String(run.iterations.at(-1)), plural(n, "condition")),
      card("Time", formatSeconds(run.totalSeconds), perIteration),
      "guarded_step_sizes" in counts ? card("Guarded steps", formatNumber(counts.guarded_step_sizes), `of ${run.iterations.length * n}`) : null,
      "dropped_samples" in counts ? card("Dropped samples", formatNumber(counts.dropped_samples), "rollouts that diverged") : null));
    const sections = [learningSection(run), pathSection(run), stepSection(run), boundSection(run), timeSection(run)].filter(Boolean);
    const chips = conditionChips(run, root);
    root.append(...[chips, ...sections].filter(Boolean));
  }
  root.append(settingsSection(run));
  return root;
}

/** Runs that differ in nothing but their seed share a group, named by what sets it apart from the other groups. */
function grouped(runs) {
  const keys = [(s) => methodOf(s), samplingOf, stepRuleOf, (s) => (s.linearization ? words(s.linearization) : "")];
  const telling = keys.filter((key) => new Set(runs.map((r) => key(r.summary))).size > 1);
  const groups = new Map();
  for (const run of runs) {
    const label = telling.map((key) => key(run.summary)).filter(Boolean).join(", ") || words(run.summary.task ?? "runs");
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
        lines.forEach((values, i) => series.push({name: group.runs[i].name, color: group.color, values, condition: -1, quiet: true, width: 0.9}));
      }
      series.push({name: group.label + (lines.length > 1 ? ` (${lines.length})` : ""), color: group.color, values: over(mean), width: 2.4});
    }
    return lineChart({title, x: {label: "iteration", values: iterations}, y, series, bands, ...more});
  };
  const quarters = [...new Set([1, 2, 3, 4].map((q) => iterations[Math.round((q * iterations.length) / 4) - 1]))].filter(isNumber);
  const successAt = (run, k) => { const i = run.iterations.indexOf(k); return i < 0 ? null : run.over(mean, "global_success")[i]; };
  const row = (cells, attributes = {}) => element("tr", attributes, cells.map((c, i) => element(i === 0 ? "th" : "td", {class: i > 1 ? "number" : null, scope: i === 0 ? "row" : null}, c)));
  const rows = groups.flatMap((g) => {
    const swatch = element("i", {class: "swatch", style: `background:${g.color}`});
    const each = g.runs.map((r) => row([element("span", {}, g.runs.length > 1 ? null : swatch, element("a", {href: "#run" + r.index}, r.name)), String(r.summary.seed ?? "–"),
        ...quarters.map((k) => formatPercent(successAt(r, k))), formatNumber(r.distance), formatNumber(r.localDistance), formatSeconds(r.totalSeconds)]));
    if (g.runs.length === 1) return each;
    const over = (f) => mean(g.runs.map(f));
    return [row([element("span", {}, swatch, g.label), "mean of " + g.runs.length, ...quarters.map((k) => formatPercent(over((r) => successAt(r, k)))),
        formatNumber(over((r) => r.distance)), formatNumber(over((r) => r.localDistance)), formatSeconds(over((r) => r.totalSeconds))], {class: "group"}), ...each];
  });
  const lines = runs[0].distanceLines;
  return element("section", {}, element("h3", {}, words(task)), element("div", {class: "scroll"}, element("table", {class: "runs"},
      element("thead", {}, element("tr", {}, ["run", "seed", ...quarters.map((k) => `success, it. ${k}`), "final distance (m)", "local policies (m)", "time"]
          .map((t, i) => element("th", {class: i > 1 ? "number" : null, scope: "col"}, t)))), element("tbody", {}, rows))),
    element("div", {class: "grid two"},
      chart("Global policy: distance to the target", "global_distance", {label: "distance (m)", log: false, positive: true, zero: true}, {lines}),
      chart("Success rate of the global policy", "global_success", {label: "conditions", domain: [0, 1], format: formatPercent, log: undefined}),
      chart("Local policies: distance to the target", "local_distance", {label: "distance (m)", log: false, positive: true, zero: true}, {lines}),
      chart("Cost of the global policy", "global_cost", {label: "mean cost", log: needsLog(runs.map((r) => valuesOf(r, "global_cost")))})),
    groups.some((g) => g.runs.length > 1) ? element("p", {class: "note"}, "Means over conditions. Thick: mean over the runs of a group; thin: each run; band: least to greatest run.") : null);
}

function buildPage() {
  const runs = JSON.parse(document.getElementById("data").textContent).map(arrange);
  runs.forEach((run, i) => { run.index = i; });
  const main = document.getElementById("report");
  if (runs.length === 1) main.append(runSection(runs[0], 1));
  else {
    const tasks = [...new Set(runs.map((r) => r.summary.task ?? ""))];
    main.append(element("header", {}, element("h1", {}, plural(runs.length, "run")), element("p", {class: "about"}, tasks.map(words).join(", "))),
                ...tasks.map((t) => comparison(t, runs.filter((r) => (r.summary.task ?? "") === t))),
                element("h2", {}, "Each run"),
                ...runs.map((run) => {
                  // Built when first opened: a page about many runs opens at once.
                  const details = element("details", {class: "one", id: "run" + run.index, ontoggle: () => {
                    if (details.open && details.children.length === 1) details.append(runSection(run, 2));
                  }}, element("summary", {}, element("strong", {}, run.name), " ", element("span", {}, headline(run))));
                  return details;
                }));
    const openNamed = () => { const node = location.hash && document.getElementById(location.hash.slice(1)); if (node) node.open = true; };
    addEventListener("hashchange", openNamed);
    openNamed();
  }
  main.append(element("footer", {}, "Written by mdgps report" + (runs[0]?.summary.version ? `, version ${runs[0].summary.version}` : "") + "."));
  document.body.append(tooltip);
}

buildPage();
