const books = new WeakMap();
export default function ({ parentElement, data: [data] }) {
  const root = parentElement.querySelector(".root");
  const s = books.get(parentElement) ?? { at: data.start, timer: null, strips: [], source: "" };
  books.set(parentElement, s);
  const range = root.querySelector("input"), play = root.querySelector("button");
  const last = data.count - 1;
  const source = data.book;
  if (s.source !== source) {
    // More frames of the same book (a training that goes on) keep the place; another book starts anew.
    if (s.source) { s.at = data.start; pause(); }
    s.source = source;
  }
  s.at = Math.max(0, Math.min(s.at, last));
  const holder = root.querySelector(".strips");
  while (holder.children.length > data.strips.length) holder.lastChild.remove();
  while (holder.children.length < data.strips.length) {
    const strip = document.createElement("div");
    strip.className = "strip";
    strip.innerHTML = '<div class="name"></div><canvas width="1" height="1" role="img"></canvas>';
    holder.append(strip);
    s.strips[holder.children.length - 1] = {};
  }
  data.strips.forEach((strip, i) => {
    const box = holder.children[i], canvas = box.querySelector("canvas");
    write(box.querySelector(".name"), strip.title);
    canvas.classList.toggle("smooth", Boolean(strip.smooth));
  });
  const figures = root.querySelector(".figures"), drawn = data.figures ?? [];
  if (s.figures !== source) {
    s.figures = source;
    figures.replaceChildren(...drawn.map(figureOf));
  }
  range.max = last; range.min = 0; range.step = 1;
  put(range, "aria-label", data.unit);
  const plot = root.querySelector(".curve");
  plot.hidden = !data.curve;
  if (data.curve) {
    const v = data.curve.values, low = Math.min(0, ...v), high = Math.max(...v, low + 1e-9);
    s.y = (value) => 100 * (1 - (value - low) / (high - low));
    const points = v.map((value, i) => `${(100 * i) / Math.max(1, v.length - 1)},${s.y(value)}`).join(" ");
    put(root.querySelector(".line"), "points", points);
    put(root.querySelector(".base"), "y1", s.y(0)); put(root.querySelector(".base"), "y2", s.y(0));
    write(plot.querySelector(".name"), data.curve.title);
    const ends = plot.querySelectorAll(".ends span");
    write(ends[0], data.curve.first); write(ends[1], data.curve.last);
    root.querySelector("svg").onclick = (e) => {
      const r = e.currentTarget.getBoundingClientRect();
      pause(); go(Math.round(((e.clientX - r.left) / r.width) * last));
    };
  }
  range.oninput = () => { pause(); go(Number(range.value)); };
  root.querySelector(".back").onclick = () => { pause(); go(s.at - 1); };
  root.querySelector(".step").onclick = () => { pause(); go(s.at + 1); };
  play.onclick = () => { if (s.timer) pause(); else start(); };
  write(play, s.timer ? "Pause" : "Play");
  // At the end: a strip that stayed the same is drawn at once, and drawing needs all that stands above.
  data.strips.forEach((strip, i) => load(s.strips[i], strip.src, draw));
  draw();
  return () => { clearInterval(s.timer); s.timer = null; };

  function go(at) { s.at = Math.max(0, Math.min(at, last)); draw(); }
  function start() {
    if (s.at >= last) s.at = 0;
    s.timer = setInterval(() => { if (s.at >= last) pause(); else go(s.at + 1); }, 1000 / data.fps);
    write(play, "Pause");
    draw();
  }
  function pause() { clearInterval(s.timer); s.timer = null; write(play, "Play"); }
  function draw() {
    range.value = s.at;
    write(root.querySelector(".where"), data.places[s.at] ?? "");
    write(root.querySelector(".said"), data.captions ? data.captions[s.at] ?? "" : "");
    root.querySelector(".said").hidden = !data.captions;
    const told = [data.places[s.at], data.captions?.[s.at]].filter(Boolean).join(": ");
    put(range, "aria-valuetext", told);
    data.strips.forEach((strip, i) => {
      const image = s.strips[i]?.image, canvas = holder.children[i].querySelector("canvas");
      put(canvas, "aria-label", `${strip.title}, ${told}`);
      if (!image) return;
      const at = Math.min(s.at, strip.count - 1);
      if (canvas.width !== strip.tw || canvas.height !== strip.th) { canvas.width = strip.tw; canvas.height = strip.th; }
      // As large as the room lets them: a replay has the whole page, which on a wall is wide.
      const device = devicePixels(root), px = strip.px * Math.min(1.6, Math.max(1, root.clientWidth / 900));
      const times = strip.smooth ? px / strip.tw : Math.max(1, Math.round((px * device) / strip.tw)) / device;
      canvas.style.width = strip.tw * times + "px";
      if (strip.smooth) canvas.style.height = "auto"; else canvas.style.height = strip.th * times + "px";
      const c = canvas.getContext("2d");
      c.imageSmoothingEnabled = false;
      const x = (at % strip.across) * strip.tw, y = Math.floor(at / strip.across) * strip.th;
      c.drawImage(image, x, y, strip.tw, strip.th, 0, 0, strip.tw, strip.th);
    });
    drawn.forEach((figure, i) => drawFigure(figures.children[i], figure, s.at, told));
    if (data.curve) {
      const dot = root.querySelector(".dot"), v = data.curve.values, at = Math.min(s.at, v.length - 1);
      dot.style.left = (100 * at) / Math.max(1, v.length - 1) + "%";
      dot.style.top = s.y(v[at]) + "%";
    }
  }
}
