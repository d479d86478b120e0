// Rows of filters: picture, map, a bar to either side, a number. Called again whenever its data change.
function build(opens) {
  const line = document.createElement(opens ? "button" : "div");
  if (opens) line.type = "button"; else line.setAttribute("role", "img");
  line.innerHTML = '<span class="name"></span><span class="cell picture"><canvas></canvas><i></i></span>'
    + '<span class="cell map"><canvas></canvas><i></i></span><span class="track"><span class="zero"></span>'
    + '<span class="bar"></span></span><span class="number"></span>';
  const part = (name) => line.querySelector(name);
  const cell = (name) => ({ box: part(name), canvas: part(name + " canvas"), words: part(name + " i") });
  return { line, opens, name: part(".name"), picture: cell(".picture"), map: cell(".map"), zero: part(".zero"),
    bar: part(".bar"), number: part(".number") };
}

function patch(s) {
  const d = s.data;
  while (s.lines.length > d.rows.length) s.lines.pop().line.remove();
  put(s.list, "aria-label", d.alt);
  d.heads.forEach((words, i) => write(s.heads[i], words));
  s.heads[2].style.width = s.heads[3].style.left = 100 * d.zero + "%";
  d.rows.forEach((row, i) => {
    const opens = d.clickable && row.tile !== null;
    let one = s.lines[i];
    if (one?.opens !== opens) {
      const fresh = build(opens);
      if (one) one.line.replaceWith(fresh.line); else s.list.append(fresh.line);
      one = s.lines[i] = fresh;
    }
    one.line.className = row.tile === null ? "row others" : "row";
    put(one.line, "aria-label", row.label);
    put(one.line, "data-index", i);
    write(one.name, row.name);
    write(one.number, row.text);
    write(one.picture.words, row.why ?? "");
    write(one.map.words, row.given ?? "");
    one.zero.style.left = 100 * d.zero + "%";
    Object.assign(one.bar.style, { left: 100 * row.from + "%", width: 100 * row.wide + "%",
      background: d.colours[row.from < d.zero - 1e-9 ? 1 : 0] });
  });
}

function cut(s, sheet, image, column, wished) {
  const dpr = devicePixels(s.root), d = s.data;
  s.lines.forEach((one, i) => {
    const { box, canvas } = one[column], row = d.rows[i], tile = row.tile;
    const has = tile !== null && sheet && image && !(column === "picture" && row.why);
    box.classList.toggle("empty", !has && tile !== null && d.boxes[column]);
    canvas.hidden = !has;
    if (!has) return;
    const step = Math.max(1, Math.round(wished * dpr / sheet.tw));  // screen pixels for one pixel of a tile
    if (canvas.width !== sheet.tw || canvas.height !== sheet.th) { canvas.width = sheet.tw; canvas.height = sheet.th; }
    canvas.style.width = sheet.tw * step / dpr + "px";
    canvas.style.height = sheet.th * step / dpr + "px";
    const x = (tile % sheet.across) * sheet.tw, y = Math.floor(tile / sheet.across) * sheet.th;
    canvas.getContext("2d").drawImage(image, x, y, sheet.tw, sheet.th, 0, 0, sheet.tw, sheet.th);
  });
}

function layout(s) {
  const width = s.root.clientWidth, d = s.data;
  if (!width) return;
  const narrow = width < 430;
  s.root.classList.toggle("narrow", narrow);
  cut(s, d.pictures, s.pictures.image, "picture", 56);
  cut(s, d.maps, s.maps.image, "map", narrow ? 33 : 55);
}

export default function ({ parentElement, data: [data], setTriggerValue }) {
  const root = parentElement.querySelector(".root"), part = (name) => root.querySelector(name);
  const s = root.state ??= { root, list: part(".rows"), heads: [...root.querySelectorAll(".head span[data-head]")],
    lines: [], pictures: { src: null, image: null }, maps: { src: null, image: null } };
  s.data = data;
  patch(s);
  for (const which of ["pictures", "maps"]) {
    if (data[which]) load(s[which], data[which].src, () => layout(s));
    else s[which] = { src: null, image: null };
  }
  layout(s);
  s.list.onclick = (event) => {
    const line = event.target.closest?.("button.row");
    if (line) setTriggerValue("clicked", Number(line.dataset.index));
  };
  const observer = new ResizeObserver(() => layout(s));
  observer.observe(root);
  return () => observer.disconnect();
}
