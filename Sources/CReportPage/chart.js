"use strict";
// A chart: curves of one metric on a canvas, with a crosshair.

const margin = {left: 58, right: 12, top: 8, bottom: 24};

// Round numbers that divide a range into about `count` parts, into more where that leaves one alone.
function ticks(low, high, count) {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [low];
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw) * power;
  const result = [];
  for (let index = Math.ceil(low / step); index * step <= high + step * 1e-9; index += 1) {
    result.push(Number((index * step).toPrecision(12)));
  }
  return result.length > 1 || count > 16 ? result : ticks(low, high, 2 * count);
}

class Chart {
  constructor(metric) {
    this.metric = metric;
    this.canvas = element("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.legend = element("div", "legend");
    this.tip = element("div", "tip");
    this.tip.hidden = true;
    this.card = element("div", "card chart",
      element("div", "head", element("h3", "", title(metric)), this.legend), this.canvas, this.tip);
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerleave", () => this.leave());
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointerup", (event) => this.release(event));
    this.canvas.addEventListener("dblclick", () => { view.zoom.delete(metric); this.draw(); });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => this.leave());
  }

  setLines(lines) {
    this.lines = lines;
    const kinds = [...new Set(lines.map((line) => line.kind))];
    this.legend.replaceChildren(...(kinds.length < 2 && kinds[0] === "" ? [] : kinds.map((kind) => {
      const mark = element("i", report.runs.length > 1 && kind !== "train" ? "dashed" : "");
      if (report.runs.length === 1) mark.style.color = colour(lineColour({run: 0, kind}));
      return element("span", "", mark, kind || this.metric);
    })));
    const last = lines.map((line) =>
      `${report.runs[line.run].name} ${line.kind}: ${short(line.series.values.at(-1))}`);
    this.canvas.setAttribute("aria-label", `${title(this.metric)}, last values: ${last.join("; ")}`);
  }

  visible() { return this.lines.filter((line) => !view.hidden.has(report.runs[line.run].name)); }

  // The curves as they are drawn: a long one smoothed, with what is behind it.
  curves() {
    return this.visible().map((line) => {
      const raw = line.series.values;
      const weight = raw.length > 12 && line.kind !== "validation" && line.kind !== "test"
        && this.metric !== "learning_rate" ? view.smoothing : 0;
      return {line, steps: line.series.steps, raw, shown: smoothed(raw, weight), isSmooth: weight > 0};
    });
  }

  layout(curves) {
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    let [first, last] = [Infinity, -Infinity];
    for (const curve of curves) {
      if (!curve.steps.length) continue;
      first = Math.min(first, curve.steps[0]);
      last = Math.max(last, curve.steps.at(-1));
    }
    const zoom = view.zoom.get(this.metric);
    if (zoom) [first, last] = zoom;
    if (!(last > first)) { first -= 0.5; last += 0.5; }
    let [low, high] = [Infinity, -Infinity];
    for (const curve of curves) {
      curve.steps.forEach((step, index) => {
        if (step < first || step > last) return;
        for (const value of [numeric(curve.raw[index]), curve.shown[index]]) {
          if (!Number.isFinite(value) || view.log && value <= 0) continue;
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      });
    }
    if (!(high >= low)) [low, high] = view.log ? [0.1, 1] : [0, 1];
    if (view.log) [low, high] = [Math.log10(low), Math.log10(high)];
    const pad = (high - low) * 0.05 || Math.abs(high) * 0.1 || 0.5;
    low -= pad;
    high += pad;
    const w = Math.max(1, width - margin.left - margin.right);
    const h = Math.max(1, height - margin.top - margin.bottom);
    return {
      width, height, first, last, low, high,
      x: (step) => margin.left + (step - first) / (last - first) * w,
      y: (value) => margin.top + (high - (view.log ? Math.log10(value) : value)) / (high - low) * h,
      step: (x) => first + (x - margin.left) / w * (last - first),
    };
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const curves = this.curves();
    const place = this.layout(curves);
    if (!place.width) return;
    this.canvas.width = Math.round(place.width * ratio);
    this.canvas.height = Math.round(place.height * ratio);
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    this.axes(pen, place, style);
    pen.save();
    pen.beginPath();
    pen.rect(margin.left, 0, place.width - margin.left - margin.right, place.height - margin.bottom + 1);
    pen.clip();
    for (const curve of curves) {
      const isTrain = curve.line.kind === "train" || curve.line.kind === "";
      pen.strokeStyle = pen.fillStyle = colour(lineColour(curve.line));
      pen.setLineDash(report.runs.length > 1 && !isTrain ? [5, 4] : []);
      if (curve.isSmooth) {
        pen.globalAlpha = 0.25;
        this.line(pen, place, curve.steps, curve.raw.map(numeric), 1);
        pen.globalAlpha = 1;
      }
      this.line(pen, place, curve.steps, curve.shown, 1.8);
      pen.setLineDash([]);
      if (curve.steps.length <= 40) this.dots(pen, place, curve);
      this.gaps(pen, place, curve);
    }
    pen.restore();
    if (this.cursor !== undefined) this.crosshair(pen, place, curves, style);
    if (this.drag) {
      pen.fillStyle = style.getPropertyValue("--accent");
      pen.globalAlpha = 0.15;
      pen.fillRect(Math.min(this.drag.from, this.drag.to), margin.top,
        Math.abs(this.drag.to - this.drag.from), place.height - margin.top - margin.bottom);
      pen.globalAlpha = 1;
    }
  }

  axes(pen, place, style) {
    pen.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    pen.lineWidth = 1;
    pen.strokeStyle = style.getPropertyValue("--grid");
    pen.fillStyle = style.getPropertyValue("--quiet");
    const marks = view.log
      ? ticks(place.low, place.high, 4).map((power) => [10 ** power, power])
      : ticks(place.low, place.high, 4).map((value) => [value, value]);
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const [value] of marks) {
      const y = Math.round(place.y(value)) + 0.5;
      pen.beginPath();
      pen.moveTo(margin.left, y);
      pen.lineTo(place.width - margin.right, y);
      pen.stroke();
      pen.fillText(short(Number(value.toPrecision(view.log ? 2 : 12))), margin.left - 8, y);
    }
    pen.textBaseline = "top";
    const room = Math.max(2, Math.floor(place.width / 110));
    for (const step of ticks(Math.max(place.first, 0), place.last, room)) {
      if (!Number.isInteger(step)) continue;
      const x = place.x(step);
      pen.textAlign = x > place.width - 40 ? "right" : "center";
      pen.fillText(short(step), Math.min(x, place.width - margin.right), place.height - margin.bottom + 7);
    }
  }

  line(pen, place, steps, values, width) {
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.beginPath();
    let isDown = false;
    steps.forEach((step, index) => {
      const value = values[index];
      if (!Number.isFinite(value) || view.log && value <= 0) { isDown = false; return; }
      const [x, y] = [place.x(step), place.y(value)];
      if (isDown) pen.lineTo(x, y); else pen.moveTo(x, y);
      isDown = true;
    });
    pen.stroke();
  }

  dots(pen, place, curve) {
    curve.steps.forEach((step, index) => {
      const value = curve.shown[index];
      if (!Number.isFinite(value) || view.log && value <= 0) return;
      pen.beginPath();
      pen.arc(place.x(step), place.y(value), 2.5, 0, 2 * Math.PI);
      pen.fill();
    });
  }

  // Values that are not finite: triangles at the lower edge.
  gaps(pen, place, curve) {
    const y = place.height - margin.bottom;
    curve.steps.forEach((step, index) => {
      if (typeof curve.raw[index] !== "string") return;
      const x = place.x(step);
      pen.beginPath();
      pen.moveTo(x - 5, y);
      pen.lineTo(x + 5, y);
      pen.lineTo(x, y - 8);
      pen.fill();
    });
  }

  crosshair(pen, place, curves, style) {
    const x = place.x(this.cursor);
    pen.strokeStyle = style.getPropertyValue("--quiet");
    pen.lineWidth = 1;
    pen.setLineDash([3, 3]);
    pen.beginPath();
    pen.moveTo(x, margin.top);
    pen.lineTo(x, place.height - margin.bottom);
    pen.stroke();
    pen.setLineDash([]);
    const rows = [];
    for (const curve of curves) {
      const index = nearest(curve.steps, this.cursor);
      if (index < 0 || Math.abs(place.x(curve.steps[index]) - x) > 24) continue;
      const value = curve.shown[index];
      if (Number.isFinite(value) && (!view.log || value > 0)) {
        pen.fillStyle = colour(lineColour(curve.line));
        pen.beginPath();
        pen.arc(place.x(curve.steps[index]), place.y(value), 4, 0, 2 * Math.PI);
        pen.fill();
      }
      rows.push({curve, index});
    }
    this.fillTip(rows, x, place);
  }

  fillTip(rows, x, place) {
    const shown = rows.slice(0, 12).map(({curve, index}) => {
      const swatch = element("span", "swatch");
      swatch.style.color = colour(lineColour(curve.line));
      const names = [report.runs.length > 1 ? report.runs[curve.line.run].name : "", curve.line.kind];
      const name = names.filter(Boolean).join(" ") || title(this.metric);
      const raw = curve.raw[index];
      const text = curve.isSmooth && typeof raw === "number"
        ? `${short(curve.shown[index])} (${short(raw)})` : short(raw);
      return element("div", "", swatch, element("span", "name", name), element("b", "", text));
    });
    if (rows.length > 12) shown.push(element("div", "quiet", `and ${rows.length - 12} more`));
    this.tip.replaceChildren(element("div", "quiet", `step ${short(Math.round(this.cursor))}`), ...shown);
    this.tip.hidden = rows.length === 0;
    const left = this.canvas.offsetLeft + x;
    const isRight = left + 18 + this.tip.offsetWidth > this.card.clientWidth;
    const wanted = isRight ? left - 14 - this.tip.offsetWidth : left + 14;
    this.tip.style.left = `${Math.max(4, Math.min(wanted, this.card.clientWidth - this.tip.offsetWidth - 4))}px`;
    this.tip.style.top = `${this.canvas.offsetTop + margin.top + 4}px`;
  }

  // The step of any curve that lies nearest to a place.
  snap(x) {
    const curves = this.curves(), place = this.layout(curves), wanted = place.step(x);
    let best;
    for (const curve of curves) {
      const index = nearest(curve.steps, wanted);
      if (index < 0) continue;
      const step = curve.steps[index];
      if (step < place.first || step > place.last) continue;
      if (best === undefined || Math.abs(step - wanted) < Math.abs(best - wanted)) best = step;
    }
    return best;
  }

  place(event) { return event.clientX - this.canvas.getBoundingClientRect().left; }

  move(event) {
    this.cursor = this.snap(this.place(event));
    if (this.drag) this.drag.to = this.place(event);
    this.draw();
  }

  leave() {
    this.cursor = undefined;
    this.drag = undefined;
    this.tip.hidden = true;
    this.draw();
  }

  press(event) {
    if (event.pointerType === "mouse" && event.button === 0) {
      this.drag = {from: this.place(event), to: this.place(event)};
    } else {
      this.move(event);
    }
  }

  release(event) {
    const drag = this.drag;
    this.drag = undefined;
    if (drag && Math.abs(drag.to - drag.from) > 8) {
      const place = this.layout(this.curves());
      const ends = [place.step(Math.min(drag.from, drag.to)), place.step(Math.max(drag.from, drag.to))];
      view.zoom.set(this.metric, [Math.max(ends[0], place.first), Math.min(ends[1], place.last)]);
    }
    this.move(event);
  }

  key(event) {
    if (event.key === "Escape") { view.zoom.delete(this.metric); this.leave(); return; }
    const way = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!way) return;
    event.preventDefault();
    const steps = [...new Set(this.curves().flatMap((curve) => curve.steps))].sort((a, b) => a - b);
    if (!steps.length) return;
    const index = this.cursor === undefined ? (way > 0 ? -1 : steps.length) : steps.indexOf(this.cursor);
    this.cursor = steps[Math.max(0, Math.min(steps.length - 1, index + way))];
    this.draw();
  }
}

// The index of the number in an ascending list that lies nearest to `wanted`; -1 in an empty one.
function nearest(steps, wanted) {
  let low = 0, high = steps.length - 1;
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < wanted) low = middle + 1; else high = middle;
  }
  return low > 0 && wanted - steps[low - 1] <= steps[low] - wanted ? low - 1 : low;
}
