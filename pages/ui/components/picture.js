// One enlarged picture, with marks, a read-out and cells to choose. Called again whenever its data change.
function layout(s) {
  const d = s.data, dpr = devicePixels(s.root), room = s.root.clientWidth;
  if (!room) return;
  const width = Math.min(d.px, room);
  if (d.smooth) { s.w = width; s.h = width * d.h / d.w; }
  else {
    const step = Math.max(1, Math.min(Math.round(d.px * dpr / d.w), Math.floor(room * dpr / d.w)));
    s.w = d.w * step / dpr; s.h = d.h * step / dpr;
  }
  const look = [s.w, s.h, JSON.stringify(d.rects)].join(" ");
  if (s.look === look) return;
  s.look = look;
  s.canvas.style.width = s.w + "px"; s.canvas.style.height = s.h + "px";
  s.rects.replaceChildren(...d.rects.map(([top, left, bottom, right]) => {
    const rect = document.createElement("span");
    rect.className = "rect";
    Object.assign(rect.style, { top: top * s.h / d.h + "px", left: left * s.w / d.w + "px",
      height: (bottom - top) * s.h / d.h + "px", width: (right - left) * s.w / d.w + "px" });
    return rect;
  }));
}

function draw(s) {
  const d = s.data;
  if (s.canvas.width !== s.image.naturalWidth || s.canvas.height !== s.image.naturalHeight) {
    s.canvas.width = s.image.naturalWidth; s.canvas.height = s.image.naturalHeight;
  }
  s.canvas.getContext("2d").drawImage(s.image, 0, 0);
}

function point(s, at, focus) {
  const d = s.data;
  if (!at || !d.grid) { s.cell.style.visibility = "hidden"; return tipAt(s.root, ""); }
  const [row, column] = at, [rows, columns] = d.grid, h = s.h / rows, w = s.w / columns;
  const value = d.values ? ": " + d.values[row * columns + column] : "";
  Object.assign(s.cell.style, { visibility: d.clickable ? "visible" : "hidden", top: row * h + "px",
    left: column * w + "px", width: w + "px", height: h + "px" });
  tipAt(s.root, `row ${row}, column ${column}${value}`, (column + 0.5) * w, row * h);
}

function chosen(s) {  // the marked cell, where the arrow keys begin
  const d = s.data, rect = d.rects[0], [rows, columns] = d.grid;
  if (!rect) return [0, 0];
  const hold = (value, count) => Math.max(0, Math.min(count - 1, value));
  return [hold(Math.floor(rect[0] * rows / d.h), rows), hold(Math.floor(rect[1] * columns / d.w), columns)];
}

export default function ({ parentElement, data: [data], setTriggerValue }) {
  const root = parentElement.querySelector(".root"), part = (name) => root.querySelector(name);
  const s = root.state ??= { root, frame: part(".frame"), canvas: part("canvas"), cell: part(".cell"),
    rects: part(".rects"), src: null, image: null, at: null };
  // Another cell is marked (another map was clicked): the keys begin there.
  const mark = JSON.stringify(data.rects[0] ?? null);
  if (s.mark !== mark) { s.mark = mark; s.at = null; }
  s.data = data;
  put(s.frame, "aria-label", data.clickable ? data.alt + " Arrow keys move, Enter chooses." : data.alt);
  put(s.frame, "role", data.clickable ? "application" : "img");
  put(s.frame, "tabindex", data.clickable ? 0 : null);
  s.frame.classList.toggle("grid", data.clickable);
  s.frame.classList.toggle("smooth", data.smooth);
  layout(s);
  load(s, data.src, () => draw(s));

  const cellOf = (event) => {
    const box = s.canvas.getBoundingClientRect(), [rows, columns] = s.data.grid;
    const hold = (value, count) => Math.max(0, Math.min(count - 1, Math.floor(value * count)));
    return [hold((event.clientY - box.top) / box.height, rows), hold((event.clientX - box.left) / box.width, columns)];
  };
  s.frame.onpointermove = (event) => { if (s.data.grid) point(s, cellOf(event)); };
  s.frame.onpointerleave = () => point(s, null);
  s.frame.onblur = () => point(s, null);
  s.frame.onclick = (event) => {
    if (!s.data.clickable) return;
    s.at = cellOf(event);
    setTriggerValue("clicked", s.at);
  };
  s.frame.onkeydown = (event) => {
    if (!s.data.clickable) return;
    const [rows, columns] = s.data.grid, [row, column] = s.at ?? chosen(s);
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (move) {
      s.at = [Math.max(0, Math.min(rows - 1, row + move[0])), Math.max(0, Math.min(columns - 1, column + move[1]))];
      point(s, s.at);
    } else if (event.key === "Enter" || event.key === " ") setTriggerValue("clicked", [row, column]);
    else return;
    event.preventDefault();
  };
  const observer = new ResizeObserver(() => layout(s));
  observer.observe(root);
  return () => observer.disconnect();
}
