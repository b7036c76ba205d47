"use strict";
// What the runs hold, and how numbers are written.

let report = JSON.parse(document.getElementById("data").textContent);

// What the viewer has chosen; kept while a live page draws itself again.
const view = {smoothing: 0.5, log: false, hidden: new Set(), onlyDifferent: true, zoom: new Map()};

const prefixes = ["train", "validation", "test"];

// "train_loss" → {kind: "train", metric: "loss"}
function split(name) {
  for (const kind of prefixes) {
    if (name.startsWith(kind + "_") && name.length > kind.length + 1) {
      return {kind, metric: name.slice(kind.length + 1)};
    }
  }
  return {kind: "", metric: name};
}

function title(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// The charts in their order: what is trained first, then how fast.
function charts() {
  const groups = new Map();
  report.runs.forEach((run, index) => {
    for (const series of run.series) {
      if (series.name === "epoch" || series.name === "records") continue;
      const {kind, metric} = split(series.name);
      if (!groups.has(metric)) groups.set(metric, []);
      groups.get(metric).push({run: index, kind, series});
    }
  });
  const first = ["loss", "accuracy", "perplexity"];
  const last = ["learning_rate", "gradient_norm", "samples_per_second", "step_seconds"];
  const rank = (name) => {
    if (first.includes(name)) return first.indexOf(name);
    if (last.includes(name)) return 1000 + last.indexOf(name);
    return 100;
  };
  return [...groups].sort((a, b) => rank(a[0]) - rank(b[0]))
    .map(([metric, lines]) => ({metric, lines}));
}

function numeric(value) { return typeof value === "number" ? value : NaN; }

// An exponential average whose beginning is not drawn towards zero; gaps stay gaps.
function smoothed(values, weight) {
  if (weight <= 0) return values.map(numeric);
  let sum = 0, share = 0;
  return values.map((value) => {
    if (typeof value !== "number") return NaN;
    sum = sum * weight + value * (1 - weight);
    share = share * weight + (1 - weight);
    return sum / share;
  });
}

function short(value) {
  if (typeof value === "string") return value;
  if (typeof value !== "number") return "–";
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (Number.isInteger(value) && size < 1e7) return value.toLocaleString("en-GB");
  if (size >= 1e7 || size < 1e-4) return value.toExponential(2);
  if (size >= 1000) return Math.round(value).toLocaleString("en-GB");
  return String(Number(value.toPrecision(4)));
}

function bytes(value) {
  if (typeof value !== "number") return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${Number(value.toPrecision(3))} ${units[unit]}`;
}

function seconds(value) {
  if (typeof value !== "number") return "–";
  if (value < 1e-3) return `${Number((value * 1e6).toPrecision(3))} µs`;
  if (value < 1) return `${Number((value * 1e3).toPrecision(3))} ms`;
  return `${Number(value.toPrecision(3))} s`;
}

// An element with a class, and texts or elements in it. Texts are never read as HTML.
function element(name, className, ...content) {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.append(...content.filter((part) => part !== null && part !== undefined).map(
    (part) => part instanceof Node ? part : String(part)));
  return node;
}

function colour(index) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--c${index % 8}`).trim();
}

// A run's colour; with one run, a kind's.
function lineColour(line) {
  if (report.runs.length > 1) return line.run;
  return Math.max(0, prefixes.indexOf(line.kind));
}
