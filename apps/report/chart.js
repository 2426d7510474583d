// Charts over iterations (or steps): lines with bands, stacked bars, and grids of cells.

const FONT = 12;

/** Round values about `count` apart between low and high. */
function linearTicks(low, high, count, integer = false) {
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  let step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  if (integer) step = Math.max(1, Math.round(step));
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; ++i)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** Powers of ten (and 2 and 5 between them where there are few) from low to high. */
function logTicks(low, high, count) {
  const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
  if (last - first < 2) {
    const ticks = [];
    for (let e = first - 1; e <= last + 1; ++e)
      for (const m of [1, 2, 5])
        if (m * 10 ** e >= low * 0.999 && m * 10 ** e <= high * 1.001) ticks.push(m * 10 ** e);
    return ticks.length >= 2 ? ticks : linearTicks(low, high, count);
  }
  const every = Math.max(1, Math.ceil((last - first + 1) / count));
  return range(last - first + 1).map((i) => first + i).filter((e) => e % every === 0).map((e) => 10 ** e);
}

/**
 * A scale for these values: linear, logarithmic, or (log wanted but some values not positive) logarithmic in size on
 * both sides of zero. `domain` overrides either end.
 */
function makeScale(values, {log = false, zero = false, domain = [null, null]} = {}) {
  const finite = numbersOf(values);
  let low = domain[0] ?? least(finite) ?? 0, high = domain[1] ?? greatest(finite) ?? 1;
  const signed = log && low <= 0;
  if (log && !signed) {
    if (high / low < 1.5) [low, high] = [low / 1.3, high * 1.3];
    const margin = (high / low) ** 0.04;
    [low, high] = [domain[0] ?? low / margin, domain[1] ?? high * margin];
    const a = Math.log(low), b = Math.log(high);
    return {
      low,
      high,
      log,
      place: (v) => (v > 0 ? (Math.log(v) - a) / (b - a) : null),
      ticks: (count) => logTicks(low, high, count)
    };
  }
  if (signed) {
    const sizes = finite.map(Math.abs).filter((v) => v > 0).sort((a, b) => a - b);
    const unit = 10 ** Math.floor(Math.log10(sizes[Math.floor(sizes.length / 10)] ?? 1));
    const bend = (v) => Math.sign(v) * Math.log10(1 + Math.abs(v) / unit);
    let a = bend(low), b = bend(high);
    if (a === b) [a, b] = [a - 1, b + 1];
    const margin = 0.04 * (b - a);
    [a, b] = [a - margin, b + margin];
    const exponents = (count) => {
      const top = Math.ceil(Math.max(Math.abs(a), Math.abs(b)));
      const every = Math.max(1, Math.ceil((2 * top) / count));
      return range(Math.floor(top / every) + 1).map((i) => unit * 10 ** (i * every));
    };
    return {
      low,
      high,
      log,
      place: (v) => (bend(v) - a) / (b - a),
      ticks: (count) => [0, ...exponents(count).flatMap((t) => [-t, t])].filter((t) => bend(t) >= a && bend(t) <= b)
    };
  }
  if (zero && low > 0) low = 0;
  if (low === high) [low, high] = low === 0 ? [0, 1] : [Math.min(0, 1.2 * low), Math.max(0, 1.2 * high)];
  const margin = 0.05 * (high - low);
  if (domain[0] === null && low !== 0) low -= margin;
  if (domain[1] === null) high += margin;
  return {low, high, log, place: (v) => (v - low) / (high - low), ticks: (count) => linearTicks(low, high, count)};
}

const tooltip = element("div", {class: "tooltip", role: "status", hidden: true});

/** Shows rows of [colour, label, value] beside the pointer. */
function showTooltip(title, rows, x, y) {
  tooltip.replaceChildren(
      element("strong", {}, title),
      element(
          "table", {},
          rows.map(
              ([color, label, value]) => element(
                  "tr", {},
                  element("td", {}, color ? element("i", {class: "swatch", style: `background:${color}`}) : ""),
                  element("td", {}, label), element("td", {class: "number"}, value)))));
  tooltip.hidden = false;
  const box = tooltip.getBoundingClientRect();
  const left = x + 16 + box.width > innerWidth ? x - 16 - box.width : x + 16;
  tooltip.style.left = Math.max(4, left) + scrollX + "px";
  tooltip.style.top = Math.max(4, Math.min(y + 12, innerHeight - box.height - 4)) + scrollY + "px";
}
const hideTooltip = () => {
  tooltip.hidden = true;
};

/** A figure whose content is drawn again whenever its width changes. draw(width) returns nodes. */
function responsiveFigure(title, note, draw, controls = []) {
  const body = element("div", {class: "chart"});
  const figure = element(
      "figure", {}, element("figcaption", {}, element("h4", {}, title), element("span", {class: "controls"}, controls)),
      body, note ? element("p", {class: "note"}, note) : null);
  let width = 0;
  figure.redraw = () => {
    if (width > 0) body.replaceChildren(...[draw(width)].flat());
  };
  new ResizeObserver(() => {
    const now = Math.floor(body.clientWidth);
    if (now > 0 && now !== width) {
      width = now;
      requestAnimationFrame(figure.redraw);
    }
  }).observe(body);
  return figure;
}

/** An empty drawing in pixels, which shrinks with its figure on paper. */
const drawing = (width, height, label, more = {}) =>
    element("svg:svg", {width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, ...more});

/**
 * Pointer and arrow keys move a cursor over positions 0 ... n-1 of an SVG; at(i, clientX, clientY) shows what is
 * there.
 */
function followCursor(svg, n, nearest, at, leave) {
  let current = null;
  const go = (i, x, y) => {
    current = i;
    at(i, x, y);
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    go(nearest(event.clientX - box.left, event.clientY - box.top), event.clientX, event.clientY);
  });
  svg.addEventListener("pointerleave", () => {
    hideTooltip();
    leave();
  });
  svg.addEventListener("blur", () => {
    hideTooltip();
    leave();
  });
  svg.addEventListener("keydown", (event) => {
    const move = {ArrowRight: 1, ArrowLeft: -1, Home: -n, End: n}[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const i = Math.max(0, Math.min(n - 1, (current ?? (move > 0 ? -1 : n)) + move));
    const box = svg.getBoundingClientRect();
    go(i, box.left + box.width / 2, box.top + 20);
  });
}

const AXIS = {
  left: 50,
  right: 12,
  top: 22,
  bottom: 38
};

/** Axes, gridlines and labels of a chart; px and py give pixels, px(i) of the i-th x. */
function drawFrame(svg, width, height, x, y, yScale, px, py) {
  const right = width - AXIS.right, bottom = height - AXIS.bottom;
  const texts = yScale.ticks(Math.max(2, Math.floor((bottom - AXIS.top) / 34)));
  for (const tick of texts) {
    const at = py(tick);
    svg.append(
        element("svg:line", {class: "grid", x1: AXIS.left, x2: right, y1: at, y2: at}),
        element(
            "svg:text", {class: "tick", x: AXIS.left - 6, y: at + 4, "text-anchor": "end"},
            y.format ? y.format(tick) : formatNumber(tick)));
  }
  svg.append(element("svg:line", {class: "axis", x1: AXIS.left, x2: right, y1: bottom, y2: bottom}));
  const first = x.values[0], last = x.values.at(-1);
  const ticks =
      first === last ? [first] : linearTicks(first, last, Math.max(2, Math.floor((right - AXIS.left) / 40)), true);
  for (const tick of ticks) {
    const at = px(tick);
    svg.append(
        element("svg:line", {class: "axis", x1: at, x2: at, y1: bottom, y2: bottom + 4}),
        element("svg:text", {class: "tick", x: at, y: bottom + 17, "text-anchor": "middle"}, String(tick)));
  }
  svg.append(
      element(
          "svg:text", {class: "label", x: (AXIS.left + right) / 2, y: height - 4, "text-anchor": "middle"}, x.label),
      element("svg:text", {class: "label", x: 4, y: 11}, y.label));
}

/** Pieces of a line between gaps, as an SVG path; lone points are circles. */
function drawLine(values, at, attributes) {
  const nodes = [];
  let piece = [];
  const close = () => {
    if (piece.length > 1)
      nodes.push(element("svg:path", {d: "M" + piece.map((p) => p.join(" ")).join("L"), ...attributes}));
    if (piece.length === 1)
      nodes.push(element("svg:circle", {
        cx: piece[0][0],
        cy: piece[0][1],
        r: 2.5,
        ...attributes,
        fill: attributes.stroke,
        "stroke-dasharray": null
      }));
    piece = [];
  };
  for (const [i, v] of values.entries()) {
    const point = at(i, v);
    if (point)
      piece.push(point);
    else
      close();
  }
  close();
  return nodes;
}

/** Band between two lines, in pieces between gaps. */
function drawBand(low, high, at, attributes) {
  const nodes = [];
  let upper = [], lower = [];
  const close = () => {
    if (upper.length > 1)
      nodes.push(element(
          "svg:path",
          {d: "M" + [...upper, ...lower.reverse()].map((p) => p.join(" ")).join("L") + "Z", ...attributes}));
    upper = [];
    lower = [];
  };
  for (const i of low.keys()) {
    const a = at(i, low[i]), b = at(i, high[i]);
    if (a && b) {
      lower.push(a);
      upper.push(b);
    } else
      close();
  }
  close();
  return nodes;
}

/**
 * Lines over x.
 * x       {label, values}
 * y       {label, format?, log?, zero?, domain?}
 * series  [{name, color, values, width?, dash?, condition?, beyond?}]: `beyond` ones do not stretch the axis; where
 * they leave it, a mark stands at the edge. `quiet` ones are left out of the tooltip. bands   [{low, high, color}]
 * lines   [{value, label}]: horizontal lines; they stretch the axis unless `beyond`
 * details (i) => [[label, value]], further rows of the tooltip
 */
function lineChart({title, note, x, y, series, bands = [], lines = [], details = () => [], height = 250}) {
  let log = Boolean(y.log);
  const toggle = y.log === undefined ? [] : [element(
                                                "button", {
                                                  type: "button",
                                                  "aria-pressed": log,
                                                  onclick: (event) => {
                                                    log = !log;
                                                    event.target.setAttribute("aria-pressed", log);
                                                    figure.redraw();
                                                  }
                                                },
                                                "log")];
  const draw = (width) => {
    const scaled = [
      ...series.filter((s) => !s.beyond).flatMap((s) => s.values), ...bands.flatMap((b) => [...b.low, ...b.high]),
      ...lines.filter((l) => !l.beyond).map((l) => l.value)
    ];
    const positive = scaled.filter((v) => v > 0);
    // A logarithmic axis of quantities that are never negative leaves their zeros out.
    const scale = makeScale(log && y.positive ? positive : scaled, {log, zero: y.zero, domain: y.domain});
    const right = width - AXIS.right, bottom = height - AXIS.bottom;
    const n = x.values.length, first = x.values[0], span = x.values[n - 1] - first;
    const px = (v) =>
        (span > 0 ? AXIS.left + 8 + ((right - AXIS.left - 16) * (v - first)) / span : (AXIS.left + right) / 2);
    const py = (v) => bottom - (bottom - AXIS.top) * scale.place(v);
    const place = (i, v) =>
        (isNumber(v) && scale.place(v) !== null ? [px(x.values[i]).toFixed(1), py(v).toFixed(1)] : null);
    const outside = (v) => isNumber(v) && (v > scale.high || v < scale.low);
    const label = `${title}: ${y.label} over ${x.label}. ` +
        series.filter((s) => s.condition === undefined)
            .map((s) => `${s.name}: ${formatNumber(s.values[0])} to ${formatNumber(s.values.at(-1))}.`)
            .join(" ");
    const svg = drawing(width, height, label, {tabindex: 0});
    drawFrame(svg, width, height, x, y, scale, px, py);
    const clip = "clip" + ++lineChart.count;
    const plot = element("svg:g", {"clip-path": `url(#${clip})`});
    svg.append(
        element(
            "svg:clipPath", {id: clip},
            element(
                "svg:rect", {x: AXIS.left, y: AXIS.top - 4, width: right - AXIS.left, height: bottom - AXIS.top + 8})),
        plot);
    for (const band of bands) plot.append(...drawBand(band.low, band.high, place, {class: "band", fill: band.color}));
    for (const line of lines) {
      if (scale.place(line.value) === null) continue;
      const at = py(line.value);
      plot.append(element(
          "svg:line",
          {class: "reference", stroke: line.color ?? "var(--soft)", x1: AXIS.left, x2: right, y1: at, y2: at}));
    }
    for (const s of series) {
      plot.append(...drawLine(s.beyond ? s.values.map((v) => (outside(v) ? null : v)) : s.values, place, {
        class: "line",
        stroke: s.color,
        "stroke-width": s.width ?? 1.2,
        "stroke-dasharray": s.dash,
        "data-condition": s.condition
      }));
      if (s.condition === undefined && n <= 40)
        for (const [i, v] of s.values.entries()) {
          const p = place(i, v);
          if (p && !outside(v)) plot.append(element("svg:circle", {cx: p[0], cy: p[1], r: 2.6, fill: s.color}));
        }
      if (s.beyond)
        for (const [i, v] of s.values.entries()) {
          if (!outside(v)) continue;
          const at = px(x.values[i]), edge = v > scale.high ? AXIS.top - 3 : bottom + 3, tip = v > scale.high ? 7 : -7;
          plot.append(
              element("svg:path", {d: `M${at} ${edge}l4 ${tip}h-8Z`, fill: s.color, "data-condition": s.condition}));
        }
    }
    for (const line of lines)
      if (scale.place(line.value) !== null)
        svg.append(element(
            "svg:text",
            {class: "tick halo", fill: line.color, x: right - 2, y: py(line.value) - 4, "text-anchor": "end"},
            line.label));
    const cursor = element("svg:line", {class: "cursor", y1: AXIS.top, y2: bottom, visibility: "hidden"});
    svg.append(cursor);
    followCursor(
        svg, n,
        (at) => {
          const distances = x.values.map((v) => Math.abs(px(v) - at));
          return distances.indexOf(Math.min(...distances));
        },
        (i, clientX, clientY) => {
          cursor.setAttribute("x1", px(x.values[i]));
          cursor.setAttribute("x2", px(x.values[i]));
          cursor.setAttribute("visibility", "visible");
          const shown = series.filter((s) => !s.quiet);
          const text = y.format ?? ((v) => formatNumber(v, 4));
          const listed = shown.length <= 20 ? shown : shown.filter((s) => s.condition === undefined);
          const rows = listed.map((s) => [s.color, s.name, text(s.values[i])]);
          if (listed.length < shown.length) {
            const rest = shown.filter((s) => s.condition !== undefined).map((s) => s.values[i]);
            for (const [name, statistic] of [["greatest", greatest], ["mean", mean], ["least", least]])
              if (!listed.some((s) => s.name === name)) rows.push([null, name, text(statistic(rest))]);
          }
          showTooltip(
              `${x.label} ${x.values[i]}`, [...rows, ...details(i).map(([label, value]) => [null, label, value])],
              clientX, clientY);
        },
        () => cursor.setAttribute("visibility", "hidden"));
    return svg;
  };
  const figure =
      responsiveFigure(title, note, draw, [legend(series.filter((s) => s.condition === undefined)), ...toggle]);
  return figure;
}
lineChart.count = 0;

/** Names of the lines of a chart beside their colours; nothing where there is one. */
function legend(series) {
  if (series.length < 2) return "";
  return element(
      "span", {class: "legend"},
      series.map(
          (s) => element(
              "span", {}, element("i", {
                class: "swatch" + (s.dash ? " dashed" : ""),
                style: s.dash ? `border-color:${s.color}` : `background:${s.color}`
              }),
              s.name)));
}

/** Bars stacked over x; parts [{name, color, values}]. */
function stackedBars({title, note, x, y, parts, height = 250}) {
  const totals = x.values.map((_, i) => sum(parts.map((p) => p.values[i])));
  const draw = (width) => {
    const scale = makeScale(totals, {zero: true, domain: [0, null]});
    const right = width - AXIS.right, bottom = height - AXIS.bottom, n = x.values.length;
    const slot = (right - AXIS.left) / n, bar = Math.min(46, Math.max(1, slot * 0.7));
    const px = (v) => AXIS.left + slot * (x.values.indexOf(v) + 0.5);
    const py = (v) => bottom - (bottom - AXIS.top) * scale.place(v);
    const label = `${title}: ` + parts.map((p) => `${p.name} ${formatSeconds(sum(p.values))}`).join(", ") + " in all.";
    const svg = drawing(width, height, label, {tabindex: 0});
    drawFrame(svg, width, height, x, y, scale, px, py);
    const columns = x.values.map((v, i) => {
      let base = 0;
      return element("svg:g", {}, parts.filter((p) => p.values[i] > 0).map((p) => {
        const top = py(base + p.values[i]),
              rect = element(
                  "svg:rect",
                  {x: px(v) - bar / 2, width: bar, y: top, height: Math.max(0, py(base) - top), fill: p.color});
        base += p.values[i];
        return rect;
      }));
    });
    svg.append(...columns);
    followCursor(
        svg, n, (at) => Math.max(0, Math.min(n - 1, Math.floor((at - AXIS.left) / slot))), (i, clientX, clientY) => {
          columns.forEach((c, j) => c.setAttribute("opacity", i === j ? 1 : 0.5));
          showTooltip(
              `${x.label} ${x.values[i]}`,
              [
                ...parts.map((p) => [p.color, p.name, formatSeconds(p.values[i])]).reverse(),
                [null, "together", formatSeconds(totals[i])]
              ],
              clientX, clientY);
        }, () => columns.forEach((c) => c.setAttribute("opacity", 1)));
    return svg;
  };
  return responsiveFigure(title, note, draw, [legend(parts)]);
}

/**
 * Cells of rows (conditions) by columns (iterations). cell(r, c) => {color, mark, text} or null; rowNames label the
 * rows.
 */
function cellGrid({title, note, x, rowNames, rowLabel, cell, keys}) {
  const rows = rowNames.length, n = x.values.length;
  const draw = (width) => {
    const right = width - AXIS.right;
    const size = Math.max(3, Math.min(26, (right - AXIS.left) / n)), tall = rows > 20 ? Math.max(3, 360 / rows) : 18;
    const height = AXIS.top + rows * tall + AXIS.bottom;
    const svg = drawing(width, height, title + ". " + keys.map((k) => k.name).join(", "), {tabindex: 0});
    const gap = Math.min(size, tall) < 6 ? 0 : 1.5;
    const everyRow = Math.ceil(12 / tall), everyColumn = Math.ceil(24 / size);
    rowNames.forEach((name, r) => {
      if (r % everyRow === 0)
        svg.append(element(
            "svg:text", {class: "tick", x: AXIS.left - 6, y: AXIS.top + (r + 0.5) * tall + 4, "text-anchor": "end"},
            name));
    });
    x.values.forEach((v, c) => {
      if ((n - 1 - c) % everyColumn === 0)
        svg.append(element(
            "svg:text",
            {class: "tick", x: AXIS.left + (c + 0.5) * size, y: AXIS.top + rows * tall + 15, "text-anchor": "middle"},
            String(v)));
      for (const r of range(rows)) {
        const content = cell(r, c);
        if (!content) continue;
        svg.append(element("svg:rect", {
          x: AXIS.left + c * size + gap / 2,
          y: AXIS.top + r * tall + gap / 2,
          width: size - gap,
          height: tall - gap,
          rx: gap,
          fill: content.color,
          "data-condition": r
        }));
      }
    });
    svg.append(
        element(
            "svg:text", {class: "label", x: AXIS.left + (n * size) / 2, y: height - 4, "text-anchor": "middle"},
            x.label),
        element("svg:text", {class: "label", x: 4, y: 11}, rowLabel));
    const bound = (v, top) => Math.max(0, Math.min(top - 1, Math.floor(v)));
    followCursor(
        svg, rows * n, (at, down) => bound((down - AXIS.top) / tall, rows) * n + bound((at - AXIS.left) / size, n),
        (i, clientX, clientY) => {
          const r = Math.floor(i / n), c = i % n, content = cell(r, c);
          showTooltip(
              `${rowLabel} ${rowNames[r]}, ${x.label} ${x.values[c]}`,
              content ? [[content.color, ...content.text]] : [], clientX, clientY);
        },
        () => {});
    return svg;
  };
  return responsiveFigure(title, note, draw, [legend(keys)]);
}
