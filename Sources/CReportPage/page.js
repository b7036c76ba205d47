"use strict";
// The page: its sections, its controls, and how a live one renews itself.

const drawn = new Map();

function table(head, rows, className) {
  const cells = (name, row) => row.map((cell) => cell instanceof HTMLTableCellElement
    ? cell : element(name, typeof cell === "number" ? "number" : "",
      typeof cell === "number" ? short(cell) : cell));
  return element("div", "scroll", element("table", className || "",
    element("thead", "", element("tr", "", ...cells("th", head))),
    element("tbody", "", ...rows.map((row) => row instanceof Node
      ? row : element("tr", "", ...cells("td", row))))));
}

function number(text) { return element("td", "number", text); }
function numberHead(text) { return element("th", "number", text); }

function section(heading, ...content) { return [element("h2", "", heading), ...content]; }

function card(...content) { return element("div", "card", ...content); }

const states = {finished: "finished", stopped: "stopped", failed: "failed", open: "not ended"};

function results() {
  // The last value of everything that is judged, in the order in which it appears.
  const names = [...new Set(report.runs.flatMap((run) => run.series.map((series) => series.name)
    .filter((name) => split(name).kind)))];
  const rows = report.runs.map((run) => {
    const last = new Map(run.series.map((series) => [series.name, series.values.at(-1)]));
    const speed = run.finished?.samples_per_second ?? last.get("samples_per_second");
    return [
      run.name, element("td", `state ${run.status}`, states[run.status]),
      number(short(run.step ?? "–")), ...names.map((name) => number(short(last.get(name)))),
      number(typeof speed === "number" ? short(Math.round(speed)) : "–"),
      number(short(run.started?.world_size)), number(short(run.started?.parameters)),
    ];
  });
  const head = ["Run", "State", numberHead("Step"), ...names.map((name) => numberHead(title(name))),
    numberHead("Samples/s"), numberHead("Workers"), numberHead("Parameters")];
  return section("Results", card(table(head, rows)));
}

function warnings() {
  const lines = report.runs.flatMap((run) => run.warnings.map(
    (text) => element("li", "", report.runs.length > 1 ? `${run.name}: ${text}` : text)));
  return lines.length ? [element("ul", "warnings", ...lines)] : [];
}

function curves() {
  const all = charts();
  if (!all.length) return section("Curves", card(element("div", "quiet", "There are no numbers yet.")));
  const cards = all.map(({metric, lines}) => {
    if (!drawn.has(metric)) drawn.set(metric, new Chart(metric));
    const chart = drawn.get(metric);
    chart.setLines(lines);
    return chart.card;
  });
  return section("Curves", element("div", "grid", ...cards));
}

function bar(parts, whole) {
  return element("div", "bar", ...parts.map(([name, value, index]) => {
    const part = element("div", "");
    part.style.width = `${whole > 0 ? 100 * value / whole : 0}%`;
    part.style.background = `var(--c${index})`;
    part.title = `${name}: ${seconds(value)}`;
    return part;
  }));
}

function key(parts) {
  return element("div", "legend", ...parts.map(([name, index]) => {
    const mark = element("i");
    mark.style.color = `var(--c${index})`;
    return element("span", "", mark, name);
  }));
}

function parallel() {
  const runs = report.runs.filter((run) => run.parallel);
  if (!runs.length) return [];
  const whole = Math.max(...runs.map(({parallel: times}) =>
    (numeric(times.forward_seconds) + numeric(times.backward_seconds) + numeric(times.wait_seconds)) || 0));
  const rows = runs.map(({name, parallel: times}) => [
    name,
    element("td", "", bar([["forward", times.forward_seconds, 0], ["backward", times.backward_seconds, 3],
      ["waits", times.wait_seconds, 1]].filter((part) => typeof part[1] === "number"), whole)),
    number(seconds(times.forward_seconds)), number(seconds(times.backward_seconds)),
    number(seconds(times.wait_seconds)), number(seconds(times.communication_seconds)),
    number(seconds(times.overlap_seconds)),
  ]);
  const head = ["Run", "A step", ...["Forward", "Backward", "Waits", "Communication", "of it overlapped"]
    .map(numberHead)];
  return section("Data parallelism", card(key([["forward", 0], ["backward", 3], ["waits", 1]]),
    table(head, rows)));
}

function ranks() {
  const runs = report.runs.filter((run) => Array.isArray(run.ranks?.step_seconds));
  return runs.flatMap((run) => {
    const waits = Array.isArray(run.ranks.wait_seconds) ? run.ranks.wait_seconds : [];
    const steps = run.ranks.step_seconds;
    const whole = Math.max(...steps.map((value) => numeric(value) || 0));
    const rows = steps.map((value, rank) => {
      const wait = numeric(waits[rank]) || 0;
      return [`${rank}`, element("td", "", bar([["works", Math.max(0, numeric(value) - wait) || 0, 0],
        ["waits", wait, 1]], whole)), number(seconds(value)), number(seconds(waits[rank]))];
    });
    return section(`Ranks of ${run.name}`, card(key([["works", 0], ["waits", 1]]),
      table(["Rank", "A step", numberHead("Step"), numberHead("Waits")], rows)));
  });
}

function memory() {
  const facts = report.runs.map((run) => ({...run.started, ...run.parallel, ...run.finished}));
  const names = [...new Set(facts.flatMap(Object.keys))].filter((name) => name.endsWith("_bytes"));
  const rows = names.map((name) => [title(name.slice(0, -6)), ...facts.map(({[name]: value}) =>
    element("td", "number", Array.isArray(value) ? value.map(bytes).join(", ") : bytes(value)))]);
  const head = ["", ...report.runs.map((run) => numberHead(report.runs.length > 1 ? run.name : "Size"))];
  return rows.length ? section("Memory", card(table(head, rows))) : [];
}

function configuration() {
  const runs = report.runs.filter((run) => run.configuration);
  if (!runs.length) return [];
  const keys = [...new Set(runs.flatMap((run) => run.configuration.map(([name]) => name)))];
  const values = runs.map((run) => new Map(run.configuration));
  const rows = keys.map((name) => {
    const all = values.map((map) => map.get(name));
    return {name, all, differs: new Set(all).size > 1};
  });
  const several = runs.length > 1;
  const shown = several && view.onlyDifferent ? rows.filter((row) => row.differs) : rows;
  const body = shown.map(({name, all, differs}) => {
    const row = element("tr", differs && !view.onlyDifferent ? "differs" : "", element("td", "key", name),
      ...all.map((value) => element("td", "value", value ?? "–")));
    return row;
  });
  const content = [];
  if (several) {
    const box = element("input");
    box.type = "checkbox";
    box.checked = view.onlyDifferent;
    box.addEventListener("change", () => { view.onlyDifferent = box.checked; render(); });
    const label = element("label", "quiet", box, " only what differs");
    content.push(label);
  }
  content.push(body.length ? table(["Key", ...runs.map((run) => several ? run.name : "Value")], body)
    : element("div", "quiet", "All keys are set alike."));
  return section("Configuration", card(...content));
}

function confusion() {
  return report.runs.filter((run) => Array.isArray(run.confusion?.counts)).flatMap((run) => {
    const counts = run.confusion.counts.filter(Array.isArray);
    const names = Array.isArray(run.confusion.labels) ? run.confusion.labels : counts.map((_, index) => index);
    const rows = counts.map((row, index) => {
      const whole = row.reduce((sum, value) => sum + (numeric(value) || 0), 0);
      return element("tr", "", element("th", "", names[index] ?? index), ...row.map((value) => {
        const cell = element("td", "", short(value));
        const share = whole > 0 ? (numeric(value) || 0) / whole : 0;
        cell.style.background = `rgba(var(--heat), ${share > 0 ? 0.08 + 0.62 * share : 0})`;
        cell.title = `${Math.round(1000 * share) / 10} % of ${names[index] ?? index}`;
        return cell;
      }));
    });
    const head = [element("th", "", "is \\ judged"), ...counts.map((_, index) => element("th", "", names[index] ?? index))];
    const heading = report.runs.length > 1 ? `Confusion matrix of ${run.name}` : "Confusion matrix";
    return section(heading, card(table(head, rows, "confusion")));
  });
}

function samples() {
  return report.runs.filter((run) => Array.isArray(run.samples?.texts)).flatMap((run) => {
    const texts = run.samples.texts.slice(0, 50).map((text) => element("pre", "", text));
    const heading = report.runs.length > 1 ? `Samples of ${run.name}` : "Samples";
    return section(heading, card(element("div", "quiet", `at step ${short(run.samples.step)}`), ...texts));
  });
}

function redraw() { for (const chart of drawn.values()) if (chart.card.isConnected) chart.draw(); }

function controls() {
  const slider = element("input");
  Object.assign(slider, {type: "range", min: 0, max: 0.99, step: 0.01, value: view.smoothing});
  const shown = element("output", "", view.smoothing.toFixed(2));
  slider.addEventListener("input", () => {
    view.smoothing = Number(slider.value);
    shown.textContent = view.smoothing.toFixed(2);
    redraw();
  });
  const log = element("input");
  Object.assign(log, {type: "checkbox", checked: view.log});
  log.addEventListener("change", () => { view.log = log.checked; redraw(); });
  const theme = element("button", "push", "Light / dark");
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    render();
  });
  const runs = report.runs.length < 2 ? null : element("div", "runs", ...report.runs.map((run, index) => {
    const box = element("input");
    Object.assign(box, {type: "checkbox", checked: !view.hidden.has(run.name)});
    box.addEventListener("change", () => {
      if (box.checked) view.hidden.delete(run.name); else view.hidden.add(run.name);
      redraw();
    });
    const swatch = element("span", "swatch");
    swatch.style.color = `var(--c${index % 8})`;
    return element("label", "", box, swatch, element("span", "name", run.name));
  }));
  return element("div", "controls", element("label", "", "Smoothing", slider, shown),
    element("label", "", log, "Logarithmic"), runs, theme);
}

let head, status_;

function render() {
  const names = report.runs.map((run) => run.name).join(", ");
  if (!head) {
    status_ = report.refresh ? element("span", "quiet live", "live") : null;
    head = element("header", "", element("h1", "", report.runs.length > 3 ? `${report.runs.length} runs` : names),
      report.runs.length === 1 ? element("span", "quiet", report.runs[0].folder) : null, status_);
  }
  const page = document.getElementById("page");
  const scroll = window.scrollY;
  const old = page.querySelector(".controls");
  // Controls that are in use stay as they are.
  const kept = old && old.dataset.runs === names ? old : controls();
  kept.dataset.runs = names;
  page.replaceChildren(head, kept, ...warnings(), ...results(), ...curves(), ...parallel(), ...ranks(),
    ...memory(), ...confusion(), ...samples(), ...configuration());
  window.scrollTo(0, scroll);
  redraw();
}

async function renew() {
  try {
    const answer = await fetch("data.json", {cache: "no-cache"});
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    if (text !== renew.last) {
      renew.last = text;
      report = JSON.parse(text);
      render();
    }
    status_.textContent = "live";
    status_.classList.remove("lost");
  } catch {
    status_.textContent = "the server does not answer";
    status_.classList.add("lost");
  }
  setTimeout(renew, 1000 * report.refresh);
}

render();
new ResizeObserver(redraw).observe(document.body);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
if (report.refresh) setTimeout(renew, 1000 * report.refresh);
