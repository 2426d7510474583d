// One run: its columns by condition and iteration, and its names in words.

const MOST_LINES = 64;  // conditions drawn one by one; more than these are seen in means and bands only

const words = (name) => String(name).replaceAll("_", " ");
const METHODS = {
  mdgps: "MDGPS",
  badmm: "BADMM",
  dual_gradient: "dual gradient",
  penalty: "penalty",
  admm: "ADMM",
  dagger: "DAgger"
};
const SAMPLING = {
  local: "off-policy",
  global: "on-policy"
};
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
  if (isNumber(summary.fail_distance))
    distanceLines.push({value: summary.fail_distance, label: "failed", color: "var(--bad)"});
  if (isNumber(summary.success_distance))
    distanceLines.push({value: summary.success_distance, label: "success", color: "var(--good)"});
  return {
    raw,
    summary,
    name: raw.name,
    iterations,
    conditions,
    by,
    over,
    distanceLines,
    every,
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
