// Elements, numbers and statistics that the rest of the page is made of.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children. Text becomes text nodes, so nothing in a run's files is read as HTML. */
function element(tag, attributes = {}, ...children) {
  const isSvg = tag.startsWith("svg:");
  const node = isSvg ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on"))
      node.addEventListener(name.slice(2), value);
    else
      node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return node;
}

const isNumber = (v) => typeof v === "number" && Number.isFinite(v);

const superscript = (n) => String(n).replace(/./g, (c) => ({"-": "⁻"}[c] ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));

/** A number to some significant digits; powers of ten where it is very large or small. */
function formatNumber(v, digits = 3) {
  if (!isNumber(v)) return "–";
  if (v === 0) return "0";
  const size = Math.abs(v);
  if (size >= 1e5 || size < 1e-4) {
    const [mantissa, exponent] = v.toExponential(digits - 1).split("e");
    const short = String(Number(mantissa));
    const power = "10" + superscript(Number(exponent));
    return short === "1" ? power : short === "-1" ? "−" + power : short.replace("-", "−") + "·" + power;
  }
  return String(Number(v.toPrecision(digits))).replace("-", "−");
}

/** A distance in a table, where decimals stand below each other. */
const formatDistance = (v) => (isNumber(v) ? v.toFixed(Math.abs(v) < 10 ? 4 : 1) : "–");

const formatPercent = (v) => (isNumber(v) ? Math.round(100 * v) + "%" : "–");

function formatSeconds(s) {
  if (!isNumber(s)) return "–";
  if (s < 0.1) return formatNumber(1000 * s, 2) + " ms";
  if (s < 10) return s.toFixed(2) + " s";
  if (s < 120) return s.toFixed(1) + " s";
  const minutes = Math.floor(s / 60);
  if (minutes < 120) return minutes + " min " + Math.round(s - 60 * minutes) + " s";
  return Math.floor(minutes / 60) + " h " + (minutes % 60) + " min";
}

const plural = (n, one, many = one + "s") => n + " " + (n === 1 ? one : many);

/** The value below which a share of the numbers lies; null where there is none. */
function quantile(values, share) {
  const sorted = numbersOf(values).sort((a, b) => a - b);
  return sorted.length ? sorted[Math.round(share * (sorted.length - 1))] : null;
}

const median = (values) => quantile(values, 0.5);

/** Statistics over the numbers among `values`; null where there is none. */
const numbersOf = (values) => values.filter(isNumber);
const sum = (values) => numbersOf(values).reduce((a, b) => a + b, 0);
const mean = (values) => (numbersOf(values).length ? sum(values) / numbersOf(values).length : null);
const least = (values) => numbersOf(values).reduce((a, b) => (a === null || b < a ? b : a), null);
const greatest = (values) => numbersOf(values).reduce((a, b) => (a === null || b > a ? b : a), null);

const range = (n) => Array.from({length: n}, (_, i) => i);

/** The i-th of n colours: ten of the style sheet's, or steps round the colour circle where there are more. */
function colorOf(i, n) {
  return n <= 10 ? `var(--c${i})` : `hsl(${Math.round((360 * i) / n)} 60% var(--hue-lightness))`;
}
