// Where the task's point went: paths drawn over the scene, seen from above and in sections through the target.

/**
 * A geom of the scene as a convex body: {vertices [x,y,z], edges [a,b], color}. Capsules and cylinders lie along local
 * z.
 */
function convexBody(geom) {
  const local = [], edges = [];
  const [a = 0, b = 0, c = 0] = geom.size ?? [];
  if (geom.type === "box" || geom.type === "plane") {
    // A plane's size of zero means that it has no end.
    const half = geom.type === "box" ? [a, b, c] : [a || 100, b || 100, 0.01];
    for (const i of range(8)) {
      local.push(half.map((h, k) => ((i >> k) & 1 ? h : -h)));
      for (const k of range(3))
        if (!((i >> k) & 1)) edges.push([i, i | (1 << k)]);
    }
    if (geom.type === "plane")
      for (const v of local) v[2] -= 0.01;
  } else {
    const around = 24, rings = [];  // [radius, height] from the lower end to the upper
    const half = geom.type === "sphere" ? 0 : b;
    if (geom.type === "cylinder")
      rings.push([a, -b], [a, b]);
    else
      for (const k of range(13)) {
        const angle = (Math.PI * (k - 6)) / 12;
        rings.push(
            [a * Math.cos(2 * angle > Math.PI ? Math.PI / 2 : angle), a * Math.sin(angle) + (k < 6 ? -half : half)]);
        if (k === 6) rings.splice(-1, 0, [a, -half]);
      }
    rings.forEach(([radius, height], r) => {
      for (const k of range(around)) {
        const angle = (2 * Math.PI * k) / around;
        local.push([radius * Math.cos(angle), radius * Math.sin(angle), height]);
        edges.push([r * around + k, r * around + ((k + 1) % around)]);
        if (r > 0) edges.push([(r - 1) * around + k, r * around + k]);
      }
    });
  }
  const R = geom.rotation ?? [1, 0, 0, 0, 1, 0, 0, 0, 1], p = geom.position ?? [0, 0, 0];
  const vertices =
      local.map((v) => range(3).map((i) => p[i] + R[3 * i] * v[0] + R[3 * i + 1] * v[1] + R[3 * i + 2] * v[2]));
  return {vertices, edges, color: geom.rgba ?? [0.6, 0.6, 0.6, 1]};
}

/** The corners of the convex hull of points of the plane, in order. */
function convexHull(points) {
  const sorted = [...points].sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  const turn = (o, p, q) => (p[0] - o[0]) * (q[1] - o[1]) - (p[1] - o[1]) * (q[0] - o[0]);
  const chain = (list) => {
    const kept = [];
    for (const p of list) {
      while (kept.length > 1 && turn(kept.at(-2), kept.at(-1), p) <= 0) kept.pop();
      kept.push(p);
    }
    return kept.slice(0, -1);
  };
  return [...chain(sorted), ...chain(sorted.reverse())];
}

/** Where a body meets the plane [axis] = value, as points in 3-D. */
function sectionOf(body, axis, value) {
  return body.edges.flatMap(([i, j]) => {
    const p = body.vertices[i], q = body.vertices[j], from = p[axis] - value, to = q[axis] - value;
    if (from * to > 0 || from === to) return [];
    return [p.map((v, k) => v + ((q[k] - v) * from) / (from - to))];
  });
}

/**
 * One view of the paths. view {title, across, upward, normal, isTop}; window {low [2], high [2]} relative to the
 * target.
 */
function pathPanel({title, note, view, window, aspect, bodies, target, circle, shown, colorOfCondition}) {
  const names = ["x", "y", "z"];
  const draw = (width) => {
    const left = 46, right = 10, top = 22, bottom = 36,
          height = Math.round((width - left - right) * aspect) + top + bottom;
    const wide = width - left - right, tall = height - top - bottom;
    const scale = Math.min(wide / (window.high[0] - window.low[0]), tall / (window.high[1] - window.low[1]));
    const middle = [0, 1].map((k) => (window.low[k] + window.high[k]) / 2);
    const px = (v) => left + wide / 2 + scale * (v - middle[0]);
    const py = (v) => top + tall / 2 - scale * (v - middle[1]);
    const low = [middle[0] - wide / 2 / scale, middle[1] - tall / 2 / scale],
          high = [middle[0] + wide / 2 / scale, middle[1] + tall / 2 / scale];
    const svg = drawing(width, height, `${title}: paths of the conditions over the scene`);
    const clip = "clip" + ++lineChart.count;
    const plot = element("svg:g", {"clip-path": `url(#${clip})`});
    svg.append(
        element("svg:clipPath", {id: clip}, element("svg:rect", {x: left, y: top, width: wide, height: tall})),
        element("svg:rect", {class: "ground", x: left, y: top, width: wide, height: tall}), plot);
    for (const t of linearTicks(low[0], high[0], wide / 60)) {
      plot.append(element("svg:line", {class: "grid", x1: px(t), x2: px(t), y1: top, y2: top + tall}));
      svg.append(
          element("svg:text", {class: "tick", x: px(t), y: top + tall + 15, "text-anchor": "middle"}, formatNumber(t)));
    }
    for (const t of linearTicks(low[1], high[1], tall / 44)) {
      plot.append(element("svg:line", {class: "grid", x1: left, x2: left + wide, y1: py(t), y2: py(t)}));
      svg.append(
          element("svg:text", {class: "tick", x: left - 5, y: py(t) + 4, "text-anchor": "end"}, formatNumber(t)));
    }
    svg.append(
        element(
            "svg:text", {class: "label", x: left + wide / 2, y: height - 4, "text-anchor": "middle"},
            names[view.across] + " (m)"),
        element("svg:text", {class: "label", x: 4, y: 11}, names[view.upward] + " (m)"));

    const flat = (p) => [px(p[view.across] - target[view.across]), py(p[view.upward] - target[view.upward])];
    const polygon = (points, body, kind) => {
      if (points.length < 3) return;
      const [r, g, b] = body.color.map((v) => Math.round(255 * v));
      plot.append(element("svg:polygon", {
        class: kind,
        fill: `rgb(${r},${g},${b})`,
        style: `--body: rgb(${r} ${g} ${b})`,
        points: convexHull(points.map(flat)).map((p) => p.map((v) => v.toFixed(2)).join(",")).join(" ")
      }));
    };
    const height_of = (body) => greatest(body.vertices.map((v) => v[view.normal]));
    if (view.isTop)
      for (const body of [...bodies].sort((p, q) => height_of(p) - height_of(q))) polygon(body.vertices, body, "body");
    else {
      for (const body of bodies) polygon(body.vertices, body, "behind");
      for (const body of bodies) polygon(sectionOf(body, view.normal, target[view.normal]), body, "body");
    }
    if (circle)
      plot.append(element(
          "svg:circle",
          {class: "reference", cx: px(0), cy: py(0), r: circle * scale, fill: "none", stroke: "var(--good)"}));
    plot.append(element("svg:path", {class: "target", d: `M${px(0) - 7} ${py(0)}h14M${px(0)} ${py(0) - 7}v14`}));

    const spots = [];
    for (const path of shown()) {
      const points = range(path.points.length / 3)
                         .map((i) => [path.points[3 * i + view.across], path.points[3 * i + view.upward]]);
      const color = colorOfCondition(path.condition),
            place = (i, p) => (p.every(isNumber) ? [px(p[0]).toFixed(1), py(p[1]).toFixed(1)] : null);
      plot.append(...drawLine(points, place, {
        class: "line",
        stroke: color,
        "stroke-width": 1.4,
        "data-condition": path.row,
        "stroke-dasharray": path.source === "local" ? "5 4" : null
      }));
      const start = place(0, points[0]), end = place(0, points.at(-1));
      if (start)
        plot.append(element(
            "svg:circle",
            {class: "start", cx: start[0], cy: start[1], r: 3.5, stroke: color, "data-condition": path.row}));
      if (end && path.source !== "local")
        plot.append(element("svg:circle", {cx: end[0], cy: end[1], r: 3.5, fill: color, "data-condition": path.row}));
      points.forEach((p, i) => {
        if (p.every(isNumber)) spots.push([px(p[0]), py(p[1]), path, i]);
      });
    }
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
      let best = null, closest = 15 ** 2;
      for (const spot of spots) {
        const d = (spot[0] - x) ** 2 + (spot[1] - y) ** 2;
        if (d < closest) [best, closest] = [spot, d];
      }
      if (!best) return hideTooltip();
      const [, , path, i] = best;
      showTooltip(
          `condition ${path.condition}, ${path.source} policy`,
          [
            [colorOfCondition(path.condition), "step", String(i)],
            [null, "distance", formatNumber(path.distance[i]) + " m"],
            ...names.map((n, k) => [null, n, formatNumber(path.points[3 * i + k]) + " m"])
          ],
          event.clientX, event.clientY);
    });
    svg.addEventListener("pointerleave", hideTooltip);
    return svg;
  };
  return responsiveFigure(title, note, draw);
}

/**
 * The section about paths: a slider over iterations and, for each view, the whole scene and the region of the target.
 */
function pathSection(run) {
  const {raw, summary} = run;
  const paths = raw.paths.filter((p) => run.drawn.has(p.condition) && p.points.length > 0);
  if (paths.length === 0) return null;
  for (const path of paths) path.row = run.conditions.indexOf(path.condition);
  const iterations = [...new Set(paths.map((p) => p.iteration))].sort((a, b) => a - b);
  let chosen = iterations.length - 1;
  const visible = {global: true, local: true};
  const shown = () => paths.filter((p) => p.iteration === iterations[chosen] && (visible[p.source] ?? true))
                          .sort((p, q) => (p.source === "local" ? 0 : 1) - (q.source === "local" ? 0 : 1));

  const scene = raw.scene ?? {};
  const target = scene.target ?? [0, 0, 0], bodies = (scene.geoms ?? []).map(convexBody);
  const up = Array.isArray(scene.up) ? scene.up.map(Math.abs).indexOf(Math.max(...scene.up.map(Math.abs))) :
                                       Math.max(0, ["x", "y", "z"].indexOf(scene.up ?? "z"));
  const [first, second] = [0, 1, 2].filter((k) => k !== up);
  const extent = range(3).map((k) => {
    // The target is always in sight; a path that ran far away does not shrink the others.
    const values = paths.flatMap((path) => path.points.filter((_, i) => i % 3 === k));
    return [Math.min(0, quantile(values, 0.01) ?? 0), Math.max(0, quantile(values, 0.99) ?? 0)];
  });
  const isFlat = extent[up][1] - extent[up][0] < 1e-6;
  const views = [{name: "From above", across: first, upward: second, normal: up, isTop: true}];
  if (!isFlat)
    views.push(
        {name: "From the side", across: first, upward: up, normal: second},
        {name: "From the other side", across: second, upward: up, normal: first});
  const longest = Math.max(...extent.map(([low, high]) => high - low)) || 1;
  const near = Math.min(0.5 * longest, 2.2 * (summary.success_distance ?? longest / 10));
  const whole = (view) => {
    const pad = 0.07 * longest, axes = [view.across, view.upward];
    return {low: axes.map((k) => extent[k][0] - pad), high: axes.map((k) => extent[k][1] + pad)};
  };
  const close = (view) =>
      (view.isTop ? {low: [-near, -near], high: [near, near]} : {low: [-near, -0.5 * near], high: [near, 1.5 * near]});
  const aspect = isFlat ? Math.max(
                              0.45,
                              Math.min(
                                  1,
                                  (extent[second][1] - extent[second][0] + 0.14 * longest) /
                                      (extent[first][1] - extent[first][0] + 0.14 * longest))) :
                          0.85;
  const panel = (view, title, window, note, circle) =>
      pathPanel({title, note, view, window, aspect, bodies, target, circle, shown, colorOfCondition: run.color});
  const figures = [
    ...views.map((v) => panel(v, v.name, whole(v))),
    ...views.map((v) => panel(v, v.name + ", near the target", close(v), null, summary.success_distance))
  ];

  const distance = element("div", {class: "grid"});
  const output = element("output");
  const update = () => {
    output.textContent = `iteration ${iterations[chosen]} of ${iterations.at(-1)}`;
    slider.setAttribute("aria-valuetext", output.textContent);
    for (const figure of figures) figure.redraw();
    const steps = greatest(shown().map((p) => p.distance.length)) ?? 0;
    if (steps > 0)
      distance.replaceChildren(lineChart({
        title: "Distance to the target along the rollout",
        height: 260,
        x: {label: "step", values: range(steps)},
        y: {label: "distance (m)", log: false, positive: true, zero: true},
        lines: run.distanceLines.map((l) => ({...l, beyond: true})),
        series: shown().map((p) => ({
                              name: `${p.condition}, ${p.source}`,
                              color: run.color(p.condition),
                              values: p.distance,
                              condition: p.row,
                              dash: p.source === "local" ? "5 4" : null,
                              width: 1.4
                            }))
      }));
  };
  const slider = element("input", {
    type: "range",
    min: 0,
    max: iterations.length - 1,
    value: chosen,
    step: 1,
    "aria-label": "iteration",
    disabled: iterations.length === 1,
    oninput: () => {
      chosen = Number(slider.value);
      update();
    }
  });
  let playing = null;
  const stop = () => {
    clearInterval(playing);
    playing = null;
    play.textContent = "Play";
  };
  const play = element(
      "button", {
        type: "button",
        disabled: iterations.length === 1,
        onclick: () => {
          if (playing !== null) return stop();
          if (chosen === iterations.length - 1) chosen = -1;
          play.textContent = "Stop";
          playing = setInterval(() => {
            slider.value = ++chosen;
            update();
            if (chosen >= iterations.length - 1) stop();
          }, 600);
        }
      },
      "Play");
  const sources = ["global", "local"]
                      .filter((s) => paths.some((p) => p.source === s))
                      .map(
                          (s) => element(
                              "label", {}, element("input", {
                                type: "checkbox",
                                checked: true,
                                onchange: (event) => {
                                  visible[s] = event.target.checked;
                                  update();
                                }
                              }),
                              element("i", {class: "swatch " + (s === "local" ? "dashed" : "solid")}),
                              s === "local" ? "local policies" : "global policy"));
  update();
  return element(
      "section", {}, element("h3", {}, "Where the " + (isFlat ? "point" : "tip") + " went"),
      element(
          "p", {class: "note"},
          "Positions are relative to the target (cross), in metres. ○ start, ● end of the global policy's path." +
              (isFlat ? "" : " Side views are cut through the target; what lies before or behind is faint.") +
              (summary.success_distance ? " The dashed circle is the distance that counts as success." : "")),
      element("div", {class: "player"}, play, slider, output, sources),
      element("div", {class: isFlat ? "grid two" : "grid three"}, figures), distance);
}
