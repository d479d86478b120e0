// A curve is drawn here, or shown beside the measured one. What is drawn goes to the server when a stroke ends.
export default function ({ parentElement, data: [data], setStateValue }) {
  const root = parentElement.querySelector(".root"), find = (name) => root.querySelector(name);
  const plot = find(".plot"), dot = find(".dot"), count = data.ticks.length, last = count - 1;
  const shows = Boolean(data.said || data.measured), what = JSON.stringify([data.ticks, data.least, data.most, shows]);
  if (!root.state || root.state.what !== what) {
    root.state = { what, values: Array(count).fill(data.start), drawn: false, at: 0, held: null, before: null };
  }
  const s = root.state;
  s.set = setStateValue;
  const x = (i) => (100 * i) / Math.max(1, last);
  const y = (value) => 100 * (data.most - value) / (data.most - data.least);
  const line = (values) => values.map((value, i) => `${x(i)},${y(value)}`).join(" ");
  root.querySelectorAll(".level").forEach((level, i) => write(level, data.levels[i]));
  marks();
  plot.classList.toggle("open", !shows);
  if (shows) show(); else open();

  function marks() {
    const holder = find(".marks");
    holder.classList.toggle("pictured", Boolean(data.tiles));
    holder.replaceChildren(...data.marks.map((i, k) => {
      const mark = document.createElement("div"), label = document.createElement("span");
      mark.className = "mark"; mark.style.left = x(i) + "%"; label.textContent = data.ticks[i];
      if (data.tiles && k < data.tiles.count) mark.append(document.createElement("canvas"));
      mark.append(label);
      return mark;
    }));
    if (!data.tiles) return;
    const { tw, th, across } = data.tiles, device = window.devicePixelRatio || 1;
    load(s, data.tiles.src, () => holder.querySelectorAll("canvas").forEach((canvas, k) => {
      const times = Math.max(1, Math.round((28 * device) / tw)) / device;
      canvas.width = tw; canvas.height = th;
      canvas.style.width = tw * times + "px"; canvas.style.height = th * times + "px";
      canvas.getContext("2d").drawImage(s.image, (k % across) * tw, Math.floor(k / across) * th, tw, th, 0, 0, tw, th);
    }));
  }

  function show() {
    const { said, measured } = data;
    put(plot, "role", "img"); put(plot, "aria-label", data.alt);
    dot.hidden = true; dot.style.display = "none"; write(find(".hint"), "");
    put(find("polyline.said"), "points", said ? line(said) : "");
    put(find("polyline.measured"), "points", measured ? line(measured) : "");
    const both = said && measured;
    put(find(".between"), "points", both ? line(said) + " " + line(measured).split(" ").reverse().join(" ") : "");
    // The names stand where the two curves are furthest apart, each on its own side.
    let widest = 0;
    if (both) said.forEach((_, i) => {
      if (Math.abs(said[i] - measured[i]) > Math.abs(said[widest] - measured[widest])) widest = i;
    });
    name(find(".name.said"), both ? "you drew" : "", said, widest, both && said[widest] >= measured[widest]);
    name(find(".name.measured"), both ? "measured" : "", measured, widest, both && measured[widest] > said[widest]);
  }
  function name(element, text, values, i, above) {
    write(element, text);
    element.style.display = text ? "" : "none";
    if (!text) return;
    element.style.left = x(i) + "%";
    element.style.top = Math.max(0, Math.min(100, y(values[i]))) + "%";
    const over = above || y(values[i]) > 92;  // never on the marks under the axis
    element.style.transform = `translate(${-x(i)}%, ${over ? "calc(-100% - 4px)" : "4px"})`;
  }

  function open() {
    for (const name of [".name.said", ".name.measured"]) find(name).style.display = "none";
    put(plot, "role", null); put(plot, "aria-label", null);
    for (const name of [".between", "polyline.measured"]) put(find(name), "points", "");
    dot.hidden = false; dot.style.display = "";
    put(dot, "role", "slider"); put(dot, "aria-orientation", "vertical"); put(dot, "aria-label", data.name);
    put(dot, "aria-valuemin", data.least); put(dot, "aria-valuemax", data.most);
    draw();
    const place = (event) => {
      const box = plot.getBoundingClientRect();
      const hold = (share) => Math.max(0, Math.min(1, share));
      return [Math.round(hold((event.clientX - box.left) / box.width) * last),
        rounded(data.most - hold((event.clientY - box.top) / box.height) * (data.most - data.least))];
    };
    // A quick stroke skips places: between two of them it is straight.
    const stroke = ([i, value]) => {
      const [from, before] = s.before ?? [i, value], step = Math.sign(i - from);
      for (let k = from; k !== i; k += step) s.values[k] = rounded(before + (value - before) * (k - from) / (i - from));
      s.values[i] = value; s.at = i; s.drawn = true; s.before = [i, value];
      draw();
    };
    plot.onpointerdown = (event) => {
      if (event.button !== 0 || s.held !== null) return;
      event.preventDefault();
      plot.setPointerCapture(event.pointerId);
      s.held = event.pointerId; s.before = null;
      stroke(place(event));
      dot.focus({ preventScroll: true });
    };
    plot.onpointermove = (event) => {
      if (event.pointerId !== s.held) return;
      const steps = event.getCoalescedEvents?.() ?? [];
      for (const step of steps.length ? steps : [event]) stroke(place(step));
    };
    plot.onpointerup = plot.onpointercancel = (event) => {
      if (event.pointerId !== s.held) return;
      s.held = null; send();
    };
    dot.onkeydown = (event) => {
      const span = data.most - data.least;
      const move = { ArrowUp: span / 50, ArrowDown: -span / 50, PageUp: span / 10, PageDown: -span / 10,
        Home: -span, End: span }[event.key];
      if (event.key === "ArrowLeft") s.at = Math.max(0, s.at - 1);
      else if (event.key === "ArrowRight") s.at = Math.min(last, s.at + 1);
      else if (move !== undefined) {
        s.values[s.at] = rounded(Math.max(data.least, Math.min(data.most, s.values[s.at] + move)));
        s.drawn = true;
        clearTimeout(s.timer);
        s.timer = setTimeout(send, 200);
      } else return;
      event.preventDefault();
      draw();
    };
  }
  function rounded(value) { return Math.round(value * 100) / 100; }
  function send() { clearTimeout(s.timer); if (s.drawn) s.set("curve", [...s.values]); }
  function draw() {
    plot.classList.toggle("empty", !s.drawn);
    write(find(".hint"), s.drawn ? "" : data.hint);
    put(find("polyline.said"), "points", line(s.values));
    dot.style.left = x(s.at) + "%"; dot.style.top = y(s.values[s.at]) + "%";
    put(dot, "aria-valuenow", s.values[s.at]);
    put(dot, "aria-valuetext", `${data.ticks[s.at]}: ${Math.round(s.values[s.at])} ${data.unit}`);
  }
}
