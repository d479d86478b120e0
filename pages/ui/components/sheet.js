// A contact sheet. Called again whenever its data change, so it only ever mends what differs.
function build(clickable) {
  const tile = document.createElement(clickable ? "button" : "div");
  tile.className = "tile";
  if (clickable) tile.type = "button";
  tile.innerHTML = '<span class="face"><canvas></canvas><span class="over"></span><span class="clip"></span><em></em></span>'
    + '<span class="words"><b></b><i></i></span>';
  const part = (name) => tile.querySelector(name);
  return { tile, canvas: part("canvas"), over: part(".over"), clip: part(".clip"), face: part(".face"),
    words: part(".words"), badge: part("em"), bold: part("b"), muted: part("i") };
}

function patch(s) {
  const d = s.data;
  if (s.clickable !== d.clickable) { s.grid.replaceChildren(); s.tiles = []; s.clickable = d.clickable; s.drawn = null; }
  while (s.tiles.length > d.count) s.tiles.pop().tile.remove();
  while (s.tiles.length < d.count) { const t = build(d.clickable); s.tiles.push(t); s.grid.append(t.tile); s.drawn = null; }
  put(s.grid, "aria-label", d.alt);
  const stop = d.selected ?? 0;
  s.tiles.forEach((t, i) => {
    const state = d.states?.[i] ?? null, words = d.captions?.[i] ?? null;
    put(t.tile, "aria-label", d.labels[i]);
    put(t.tile, "role", d.clickable ? null : "img");
    put(t.tile, "data-index", i);
    put(t.tile, "data-state", state === null ? null : state === "zero" ? "zero" : "empty");
    put(t.tile, "aria-pressed", d.clickable ? String(d.struck ? d.struck[i] : d.selected === i) : null);
    if (!s.grid.contains(s.root.getRootNode().activeElement)) put(t.tile, "tabindex", d.clickable ? (i === stop ? 0 : -1) : null);
    t.tile.classList.toggle("selected", d.selected === i);
    t.tile.classList.toggle("switch", Boolean(d.struck));
    t.tile.classList.toggle("struck", Boolean(d.struck?.[i]));
    t.tile.classList.toggle("wrong", Boolean(d.wrong?.[i]));
    t.words.hidden = words === null;
    t.words.style.display = words === null ? "none" : "";
    t.badge.hidden = !d.badges?.[i];
    write(t.badge, d.badges?.[i] ?? "");
    write(t.bold, words?.[0] ?? "");
    write(t.muted, words?.[1] ?? "");
  });
}

function draw(s) {
  const d = s.data;
  if (!s.image || s.drawn === s.src) return;
  s.drawn = s.src;
  s.tiles.forEach((t, i) => {
    if (t.canvas.width !== d.tw || t.canvas.height !== d.th) { t.canvas.width = d.tw; t.canvas.height = d.th; }
    const x = (i % d.across) * d.tw, y = Math.floor(i / d.across) * d.th, pen = t.canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(s.image, x, y, d.tw, d.th, 0, 0, d.tw, d.th);
  });
}

function layout(s) {
  const d = s.data, dpr = devicePixels(s.root), width = s.root.clientWidth;
  if (!width) return;
  const side = (step) => d.tw * step / dpr, needs = (n, step, gap) => n * side(step) + (n - 1) * gap;
  let step = Math.max(1, Math.round(d.tile * dpr / d.tw));  // screen pixels for one pixel of a tile
  const columns = d.columns.find((n) => needs(n, step, 2) <= width + 0.01) ?? 1;
  while (side(step + 1) <= 1.4 * d.tile && needs(columns, step + 1, 4) <= width) step += 1;
  const w = side(step), h = d.th * step / dpr;
  const spare = columns > 1 && (columns <= d.count || d.keeps) ? (width - columns * w) / (columns - 1) : 4;
  const gap = Math.floor(Math.min(18, Math.max(2, spare)) * dpr) / dpr;
  const rowGap = d.captions ? 12 : Math.min(gap, 10);
  const look = [step, dpr, columns, gap, w, h, d.count, JSON.stringify(d.marks), JSON.stringify(d.states)].join(" ");
  if (s.look === look) return;
  s.look = look;
  s.grid.style.gridTemplateColumns = `repeat(${columns}, ${w}px)`;
  s.grid.style.gap = `${rowGap}px ${gap}px`;
  s.columns = columns;
  s.tiles.forEach((t, i) => {
    for (const e of [t.canvas, t.face]) { e.style.width = w + "px"; e.style.height = h + "px"; }
    const state = d.states?.[i] ?? null;
    write(t.over, state === null ? "" : state === "zero" ? "0" : state && Math.min(w, h) < 40 ? "–" : state.replace(" ", "\n"));
    const rects = (d.marks?.[i] ?? []).map(([top, left, bottom, right]) => {
      const rect = document.createElement("span"), unit = step / dpr;
      rect.className = "rect";
      Object.assign(rect.style, { top: top * unit + "px", left: left * unit + "px",
        height: (bottom - top) * unit + "px", width: (right - left) * unit + "px" });
      return rect;
    });
    t.clip.replaceChildren(...rects);
  });
}

export default function ({ parentElement, data: [data], setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const s = root.state ??= { root, grid: root.querySelector(".tiles"), tiles: [], src: null, image: null };
  s.data = data;
  patch(s);
  layout(s);
  s.drawn = s.src === data.src ? s.drawn : null;
  load(s, data.src, () => draw(s));

  const tileOf = (event) => event.target.closest?.(".tile");
  const tell = (tile) => {
    if (!tile) return tipAt(root, "");
    const box = tile.querySelector(".face").getBoundingClientRect(), frame = root.getBoundingClientRect();
    tipAt(root, tile.getAttribute("aria-label"), box.left - frame.left + box.width / 2, box.top - frame.top);
  };
  s.grid.onpointerover = (event) => { if (event.pointerType !== "touch") tell(tileOf(event)); };
  s.grid.onpointerleave = () => tell(null);
  s.grid.onfocusin = (event) => { if (event.target.matches?.(":focus-visible")) tell(tileOf(event)); };
  s.grid.onfocusout = () => tell(null);
  s.grid.onclick = (event) => {
    const tile = tileOf(event);
    if (!tile || !s.data.clickable) return;
    setTriggerValue("clicked", Number(tile.dataset.index));
    // What it opens may be out of sight: its container brings itself into it (from_below.js).
    const detail = { opens: s.data.opens, tile, name: tile.getAttribute("aria-label") };
    if (s.data.opens) document.dispatchEvent(new CustomEvent("convscope:opened", { detail }));
  };
  s.grid.onkeydown = (event) => {
    const tile = tileOf(event), step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -s.columns, ArrowDown: s.columns,
      Home: -1e9, End: 1e9 }[event.key];
    if (!tile || !step || !s.data.clickable) return;
    event.preventDefault();
    const from = Number(tile.dataset.index);
    let to = from + step;
    if (Math.abs(step) === 1e9) to = step < 0 ? 0 : s.tiles.length - 1;
    if (to < 0 || to >= s.tiles.length) return;
    s.tiles[from].tile.tabIndex = -1;
    s.tiles[to].tile.tabIndex = 0;
    s.tiles[to].tile.focus();
  };
  const observer = new ResizeObserver(() => layout(s));
  observer.observe(root);
  return () => observer.disconnect();
}
