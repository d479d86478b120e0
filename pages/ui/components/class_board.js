// The board of a class. What all screens show comes first, what is this screen's alone second; null: not in the class.
const boards = new WeakMap();
const SVG = "http://www.w3.org/2000/svg";
const LEVELS = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999];
const FIRST = 6;  // of a long list on a phone
const MOST = 0.9995;  // what reads all stands here: beyond it the axis has no end
const climb = (share) => -Math.log10(1 - Math.min(Math.max(share, 0), MOST));

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".board"), own = data[1];
  const s = boards.get(parentElement) ?? { told: "" };
  boards.set(parentElement, s);
  const part = (name) => root.querySelector("." + name);
  let board = null;
  root.classList.toggle("wall", Boolean(own.wall));
  root.style.setProperty("--learning", own.learning);
  part("full").onclick = () => root.requestFullscreen?.();
  s.watch?.disconnect(); s.deaf?.();
  s.watch = new ResizeObserver(() => { if (board) drawChart(); });
  s.watch.observe(part("chart"));
  s.deaf = onNews(data, show);
  show();
  return () => { s.watch.disconnect(); s.deaf(); };

  function show() {
    board = newest(data);
    root.classList.toggle("gone", !board);
    if (!board) {
      if (s.told !== "gone") { s.told = "gone"; setTriggerValue("gone", "gone"); }  // the page says why
      return;
    }
    s.told = "";
    write(part("title"), board.title);
    write(part("done"), board.done); write(part("first"), board.first); write(part("still"), board.still);
    write(part("heard"), board.heard);
    part("join").hidden = !own.code;
    write(part("says"), own.join ?? ""); write(part("code"), own.code ?? "");
    put(part("qr"), "src", own.qr); part("qr").hidden = !own.qr;
    drawTraining(); drawPlaces(); drawOthers(); drawChart();
  }
  function mine(one) { return Boolean(own.me) && one.who === own.me; }
  function called(one) { return one.name || (mine(one) ? "yours" : ""); }
  function address(one) { return own.look + encodeURIComponent(one.run); }
  function make(name, kind, text) {
    const element = document.createElement(name);
    if (kind) element.className = kind;
    if (text !== undefined) element.textContent = text;
    return element;
  }
  function link(one, text) {
    const a = make("a", "", text);
    a.href = address(one); a.target = "_blank"; a.rel = "noopener";
    return a;
  }

  function drawTraining() {
    write(part("of"), board.of);
    const list = part("list"), rows = board.training.slice(0, own.wall ? 12 : 30);
    const text = JSON.stringify([rows, own.me]);
    if (s.training === text) return;
    s.training = text;
    list.replaceChildren(...rows.map((one) => {
      const row = make("li", mine(one) ? "mine" : "");
      const name = link(one, called(one) || "a net");
      name.className = "who";
      row.append(name, curve(one), make("span", "now", one.now));
      return row;
    }));
    const more = board.training.length - rows.length;
    if (more > 0) list.append(make("li", "more", `and ${more} more`));
    part("training").classList.toggle("empty", !board.training.length);
  }
  function curve(one) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 100 28"); svg.setAttribute("aria-hidden", "true");
    const points = one.curve.map((value, i) => {
      const x = 2 + 94 * Math.max(one.share, 0.04) * (one.curve.length > 1 ? i / (one.curve.length - 1) : 1);
      return [x, 25 - 21 * Math.min(climb(value) / climb(0.995), 1)];
    });
    const end = points.at(-1);
    svg.innerHTML = '<line class="base" x1="0" x2="100" y1="27" y2="27"/>'
      + (end ? `<polyline points="${points.map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" ")}"/>`
        + `<circle cx="${end[0].toFixed(1)}" cy="${end[1].toFixed(1)}" r="3"/>` : "");
    return svg;
  }

  function drawPlaces() {
    // On a phone the chart comes below the list: it must not be out of reach.
    const isShort = !s.all && root.clientWidth < 600 && board.places.length > FIRST + 2;
    const rows = board.places.filter((one, i) => !isShort || i < FIRST || mine(one));
    const text = JSON.stringify([rows, own.me, board.same, board.clock]);
    if (s.places === text) return;
    s.places = text;
    part("places").hidden = !board.places.length;
    part("all").hidden = !isShort;
    write(part("all"), `All ${board.places.length}`);
    part("all").onclick = () => { s.all = true; drawPlaces(); };
    part("table").replaceChildren(...rows.map((one) => {
      const row = make("tr", [one.done ? "reached" : "", mine(one) ? "mine" : ""].join(" ").trim());
      const who = make("th"), scored = make("td", "score"), net = make("td", "net");
      who.scope = "row";
      who.append(link(one, called(one) || "net"));
      if (mine(one) && one.name) who.append(make("span", "you", "you"));
      scored.append(make("b", "", one.score), make("span", "range", one.range));
      net.append(make("span", "facts", one.facts), make("span", "design", one.design));
      if (one.note) net.append(make("span", "note", one.note));
      const rank = make("td", "rank", one.rank);
      if (one.rank.endsWith("=")) rank.setAttribute("aria-label", `${parseInt(one.rank)}, shared`);
      row.append(rank, who, scored, net);
      return row;
    }));
    write(part("same"), [board.same, board.clock].filter(Boolean).join(" "));
  }
  function drawOthers() {
    const text = JSON.stringify([board.others, own.me]);
    if (s.others === text) return;
    s.others = text;
    part("others").hidden = !board.others.length;
    write(part("others").querySelector("summary"), `Without a place: ${board.others.length}`);
    part("others").querySelector("ul").replaceChildren(...board.others.map((one) => {
      const row = make("li", mine(one) ? "mine" : "");
      row.append(link(one, called(one) || "a net"), make("span", "", ": " + one.why));
      return row;
    }));
  }

  // -------------------------------------------------------------- the chart
  function drawChart() {
    const svg = part("chart").querySelector("svg"), width = part("chart").clientWidth;
    if (!width) return;
    const letter = own.wall ? 16 : width < 500 ? 13 : 15;
    const height = own.wall ? Math.max(300, part("chart").clientHeight) : Math.round(Math.min(600, Math.max(340, 0.64 * width)));
    const left = 3.4 * letter, right = width - (width < 500 ? 8 : 3 * letter), top = 10, foot = height - 3.6 * letter;
    put(svg, "viewBox", `0 0 ${width} ${height}`); put(svg, "height", height);
    svg.style.fontSize = letter + "px";
    const all = [...board.dots, ...board.ours], ys = all.map((one) => one.y), goal = board.y.goal;
    const range = rangeOf(ys, goal);
    const y = (value) => foot - (foot - top) * (climb(value) - range.low) / (range.high - range.low);
    const across = acrossOf(all.map((one) => one.x), board.x.limit);
    const x = (value) => left + (right - left) * (Math.log10(value) - across.low) / (across.high - across.low);
    const out = [];
    const add = (name, values, text) => { const one = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(values)) one.setAttribute(key, value);
      if (text !== undefined) one.textContent = text;
      out.push(one); return one; };
    if (goal !== null || board.x.limit !== null) {
      const edge = board.x.limit === null ? right : Math.min(right, x(board.x.limit)), floor = goal === null ? foot : y(goal);
      if (edge > left && floor > top) {
        add("rect", { class: "corner", x: left, y: top, width: edge - left, height: floor - top });
        add("text", { class: "cornername", x: left + 8, y: top + 1.9 * letter }, "the challenge");
      }
    }
    for (const level of LEVELS) {
      if (climb(level) < range.low - 1e-9 || climb(level) > range.high + 1e-9) continue;
      add("line", { class: "level", x1: left, x2: right, y1: y(level), y2: y(level) });
      add("text", { class: "tick", x: left - 8, y: y(level) + 0.35 * letter, "text-anchor": "end" }, `${+(100 * level).toFixed(1)}\u00a0%`);
    }
    for (const value of across.ticks) {
      const at = x(value);
      if (at < left - 1 || at > right + 1) continue;
      add("line", { class: "notch", x1: at, x2: at, y1: foot + 6, y2: foot + 11 });
      add("text", { class: "tick", x: at, y: foot + 11 + 1.1 * letter, "text-anchor": "middle" }, large(value));
    }
    add("text", { class: "axis", x: (left + right) / 2, y: height - 0.4 * letter, "text-anchor": "middle" }, board.x.title);
    const radius = 0.42 * letter, boxes = [], names = [];
    const placed = board.dots.map((one) => ({ one, at: x(one.x), up: Math.min(y(one.y), foot - radius) }));
    const ours = board.ours.map((one) => ({ one, at: x(one.x), up: Math.min(y(one.y), foot - radius), ours: true }));
    for (const { at, up } of [...placed, ...ours]) boxes.push([at - radius - 1, up - radius - 1, at + radius + 1, up + radius + 1]);
    for (const { one, at, up } of ours) {
      add("path", { class: "ours", d: `M${at} ${up - radius}l${radius} ${radius}l${-radius} ${radius}l${-radius} ${-radius}z` });
      names.push({ text: one.name, at, up, kind: "oursname", rank: 3 });
    }
    for (const { one, at, up } of placed) {
      const a = add("a", { class: ["dot", one.open ? "open" : "", one.done ? "reached" : "", one.named ? "" : "less", mine(one) ? "mine" : ""].join(" ").trim(),
        href: address(one), target: "_blank", rel: "noopener", tabindex: "-1" });
      const circle = document.createElementNS(SVG, "circle"), title = document.createElementNS(SVG, "title");
      put(circle, "cx", at); put(circle, "cy", up); put(circle, "r", one.named ? radius * (one.done ? 1.15 : 1) : 0.55 * radius);
      title.textContent = [called(one), one.says].filter(Boolean).join(": ");
      a.append(circle, title);
      const low = y(one.y) > foot ? `\u2193\u00a0${(100 * one.y).toFixed(1)}\u00a0%` : "";  // it lies below the axis
      const text = [one.named ? called(one) : "", one.named ? low : ""].filter(Boolean).join(" ");
      if (text) names.push({ text, at, up, kind: one.done ? "reached" : "name", rank: mine(one) ? 0 : one.done ? 1 : 2, mine: mine(one) });
    }
    const measure = (text) => { s.pen ??= document.createElement("canvas").getContext("2d");
      s.pen.font = `${letter}px ${getComputedStyle(svg).fontFamily}`; return s.pen.measureText(text).width * 1.04; };
    const free = (box) => boxes.reduce((sum, other) => sum + Math.max(0, Math.min(box[2], other[2]) - Math.max(box[0], other[0]))
      * Math.max(0, Math.min(box[3], other[3]) - Math.max(box[1], other[1])), 0);
    names.sort((one, other) => one.rank - other.rank || one.up - other.up);
    for (const name of names) {
      const wide = measure(name.text), high = 1.15 * letter, gap = radius + 5;
      const ways = [[gap, 0, "start"], [-gap, 0, "end"], [0, -gap - 0.5 * high, "middle"], [0, gap + 0.5 * high, "middle"],
        [0.7 * gap, -0.9 * gap - 2, "start"], [-0.7 * gap, -0.9 * gap - 2, "end"], [0.7 * gap, 0.9 * gap + 2, "start"], [-0.7 * gap, 0.9 * gap + 2, "end"]];
      let best = null;
      for (const [aside, down, anchor] of ways) {
        const from = name.at + aside - (anchor === "end" ? wide : anchor === "middle" ? wide / 2 : 0);
        const box = [from, name.up + down - high / 2, from + wide, name.up + down + high / 2];
        const outside = Math.max(0, left - box[0]) + Math.max(0, box[2] - width) + Math.max(0, top - box[1]) + Math.max(0, box[3] - foot - 4);
        const cost = free(box) + 1000 * outside;
        if (!best || cost < best.cost - 1) best = { cost, box, aside, down, anchor };
        if (cost === 0) break;
      }
      if (best.cost > 0.35 * wide * high && name.rank > 0) continue;  // in a crowd a name would be read by nobody
      boxes.push(best.box);
      add("text", { class: name.kind + (name.mine ? " mine" : ""), x: name.at + best.aside, y: name.up + best.down + 0.35 * letter, "text-anchor": best.anchor }, name.text);
    }
    if (!board.dots.length && !board.ours.length) {
      add("text", { class: "axis", x: (left + right) / 2, y: foot - 14, "text-anchor": "middle" }, "Each net appears here as it trains.");
    }
    svg.replaceChildren(...out);
    const [open, full] = part("legend").querySelectorAll("span");
    write(open, board.legend[0]); write(full, board.legend[1]);
  }
  // The axis begins where seven in eight nets lie above it: one that reads nothing must not push all others together.
  function rangeOf(shares, goal) {
    const sorted = [...shares, ...(goal === null ? [] : [goal])].sort((a, b) => a - b);
    if (!sorted.length) return { low: climb(0.9), high: climb(0.996) };
    const least = sorted[Math.floor(sorted.length / 8)], most = Math.min(Math.max(sorted.at(-1), goal ?? 0), MOST);
    const below = [...LEVELS].reverse().find((level) => level <= least - 1e-9) ?? 0;
    const above = LEVELS.find((level) => level > most) ?? MOST;
    const low = climb(below), high = Math.min(climb(MOST), Math.max(climb(above), climb(most) + 0.12));
    return { low: low - 0.04 * (high - low), high: high + 0.03 * (high - low) };
  }
  function acrossOf(values, limit) {
    const known = [...values, ...(limit === null ? [] : [limit])].filter((value) => value > 0).map(Math.log10);
    let low = Math.min(...known, Infinity), high = Math.max(...known, -Infinity);
    if (!known.length) { low = 3; high = 6; }
    low -= 0.2; high += 0.2;
    if (high - low < 1.4) { const middle = (low + high) / 2; low = middle - 0.7; high = middle + 0.7; }
    const ticks = [], steps = high - low < 2 ? [1, 2, 5] : [1];
    for (let power = Math.floor(low); power <= high; power++) for (const step of steps) ticks.push(step * 10 ** power);
    return { low, high, ticks };
  }
  function large(value) {
    return value >= 1e6 ? `${+(value / 1e6).toFixed(1)}\u00a0M` : Math.round(value).toLocaleString("en");
  }
}
