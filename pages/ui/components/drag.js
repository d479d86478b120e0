// Dragging asks the server nothing: every step's picture, probability and sentence are here already.
const places = new WeakMap();
export default function ({ parentElement, data: [data] }) {
  const root = parentElement.querySelector(".root"), find = (name) => root.querySelector(name);
  const s = places.get(parentElement) ?? { at: data.start, of: data.of };
  places.set(parentElement, s);
  if (s.of !== data.of) { s.of = data.of; s.at = data.start; }  // another parameter starts from the untouched picture
  const last = data.count - 1, range = find("input"), x = (i) => (100 * i) / Math.max(1, last);
  s.at = Math.max(0, Math.min(s.at, last));
  range.min = 0; range.max = last; range.step = 1;
  put(range, "aria-label", data.unit);
  put(find(".line"), "points", data.values.map((value, i) => `${x(i)},${100 * (1 - value)}`).join(" "));
  const band = find(".band");
  put(band, "x", x(data.band[0])); put(band, "width", x(data.band[1]) - x(data.band[0]));
  put(find("svg"), "aria-label", data.alt);
  const holder = find(".marks");
  while (holder.children.length > data.marks.length) holder.lastChild.remove();
  while (holder.children.length < data.marks.length) {
    const mark = document.createElement("button");
    mark.type = "button"; mark.className = "mark";
    mark.innerHTML = '<canvas width="1" height="1"></canvas><span></span>';
    holder.append(mark);
  }
  data.marks.forEach(([i, label], k) => {
    const mark = holder.children[k];
    mark.style.left = x(i) + "%";
    write(mark.querySelector("span"), label);
    put(mark, "aria-label", `Go to ${label}`);
    mark.onclick = () => go(i);
  });
  range.oninput = () => go(Number(range.value));
  const plot = find(".plot"), to = (event) => {
    const box = plot.getBoundingClientRect();
    go(Math.round(((event.clientX - box.left) / box.width) * last));
  };
  plot.onpointerdown = (event) => { plot.setPointerCapture(event.pointerId); s.held = true; to(event); };
  plot.onpointermove = (event) => { if (s.held) to(event); };
  plot.onpointerup = plot.onpointercancel = () => { s.held = false; };
  load(s, data.src, draw);
  draw();

  function go(at) { s.at = Math.max(0, Math.min(at, last)); draw(); }
  function tile(canvas, i, px) {
    if (!s.image) return;
    const device = window.devicePixelRatio || 1;
    const times = Math.max(1, Math.round((px * device) / data.tw)) / device;
    if (canvas.width !== data.tw || canvas.height !== data.th) { canvas.width = data.tw; canvas.height = data.th; }
    canvas.style.width = data.tw * times + "px"; canvas.style.height = data.th * times + "px";
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(s.image, (i % data.across) * data.tw, Math.floor(i / data.across) * data.th, data.tw, data.th,
      0, 0, data.tw, data.th);
  }
  function draw() {
    const [place, said] = data.words[s.at];
    range.value = s.at;
    put(range, "aria-valuetext", `${place}: ${said}`);
    write(find(".now b"), place); write(find(".now i"), said);
    find(".now").classList.toggle("wrong", data.wrong[s.at]);
    tile(find(".now canvas"), s.at, 84);
    data.marks.forEach(([i], k) => {
      tile(holder.children[k].querySelector("canvas"), i, 28);
      holder.children[k].classList.toggle("here", i === s.at);
    });
    const left = x(s.at), dot = find(".dot");
    put(find(".at"), "x1", left); put(find(".at"), "x2", left);
    dot.style.left = left + "%"; dot.style.top = 100 * (1 - data.values[s.at]) + "%";
  }
}
