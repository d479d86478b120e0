// A graph in columns. Where its data change all of it is drawn anew, for then another filter is in the middle.
const SVG = "http://www.w3.org/2000/svg";
const HEAD = 34, NAME = 22;  // pixels: of a column's head; of the words below a picture

function make(tag, name, words = "") {
  const element = document.createElement(tag);
  element.className = name;
  if (words) element.textContent = words;
  return element;
}

function build(s) {
  const d = s.data;
  put(s.root, "aria-label", d.alt);
  put(s.root, "role", "group");
  s.root.style.setProperty("--adds", d.adds);
  s.root.style.setProperty("--takes", d.takes);
  s.heads = d.columns.map((column) => make("div", "head", column.head));
  s.nodes = d.columns.map((column, c) => column.nodes.map((node, i) => {
    const box = make(node.goes ? "button" : "div", "node"), face = make("span", "face");
    if (node.goes) { box.type = "button"; box.onclick = () => s.go(c, i); } else put(box, "role", "img");
    put(box, "aria-label", node.label);
    put(box, "data-state", node.src ? null : node.dashed ? "empty" : "text");
    put(box, "title", node.label);
    box.classList.toggle("middle", node.middle);
    if (node.src) { const image = make("img", ""); image.src = node.src; image.alt = ""; face.append(image); }
    else face.append(make("span", "over", node.over));
    box.append(face, make("span", "name", node.name));
    return { box, face };
  }));
  s.bands = document.createElementNS(SVG, "svg");
  put(s.bands, "class", "bands");
  put(s.bands, "aria-hidden", "true");
  s.lines = d.edges.map(([, , , flow]) => {
    const line = document.createElementNS(SVG, "path");
    put(line, "class", flow === null ? "plain" : flow < 0 ? "takes" : "adds");
    s.bands.append(line);
    return line;
  });
  const had = s.root.contains(s.root.getRootNode().activeElement);
  s.root.replaceChildren(s.bands, ...s.heads, ...s.nodes.flat().map((node) => node.box));
  s.look = null;
  // Whoever went on by the keyboard stands at what is in the middle now.
  const middle = s.root.querySelector(".middle");
  if (middle) middle.tabIndex = -1;
  if (had) middle?.focus();
}

// A picture's pixels are a whole number of the screen's, where that comes near to the wished side.
function sideOf(wished, pixels, dpr) {
  const side = Math.max(1, Math.round(wished * dpr / pixels)) * pixels / dpr;
  return side > 1.3 * wished ? wished : side;
}

function layout(s) {
  const d = s.data, width = s.root.clientWidth, dpr = devicePixels(s.root);
  if (!width || s.look === `${width} ${dpr}`) return;
  s.look = `${width} ${dpr}`;
  const wide = width >= 480, small = sideOf(wide ? 56 : 40, d.pixels, dpr), large = sideOf(wide ? 84 : 56, d.pixels, dpr);
  // A short word needs no more room than its letters.
  const side = (node) => node.middle ? large : !node.src && !node.dashed && node.over.length < 4 ? 30 : small;
  const widths = d.columns.map((column) => Math.max(...column.nodes.map(side)));
  const gap = (width - widths.reduce((a, b) => a + b, 0)) / Math.max(1, widths.length - 1);
  const heights = d.columns.map((column) => column.nodes.reduce((sum, node) => sum + side(node) + NAME, 0));
  const height = Math.max(...heights);
  s.root.style.height = HEAD + height + 4 + "px";
  let left = 0;
  const places = d.columns.map((column, c) => {
    let top = HEAD + (height - heights[c]) / 2;
    const room = widths[c] + 0.8 * gap, last = c === widths.length - 1;
    Object.assign(s.heads[c].style, { width: room + "px", textAlign: c === 0 ? "left" : last ? "right" : "center",
      left: (c === 0 ? left : last ? left + widths[c] - room : left + (widths[c] - room) / 2) + "px" });
    const rows = column.nodes.map((node, i) => {
      const a = side(node), x = left + (widths[c] - a) / 2, { box, face } = s.nodes[c][i];
      Object.assign(box.style, { left: x + "px", top: top + "px" });
      face.style.width = face.style.height = a + "px";
      const over = face.querySelector(".over");
      if (over && !node.dashed) over.style.fontSize = (over.textContent.length > 3 ? 13 : 26) + "px";
      const place = { from: x + a, to: x, y: top + a / 2 };
      top += a + NAME;
      return place;
    });
    left += widths[c] + gap;
    return rows;
  });
  const most = d.columns.map((_, c) => Math.max(...d.edges.filter((e) => e[0] === c).map((e) => Math.abs(e[3] ?? 0)), 0));
  d.edges.forEach(([c, i, j, flow], k) => {
    const a = places[c][i], b = places[c + 1][j], half = (a.from + b.to) / 2;
    put(s.lines[k], "d", `M${a.from},${a.y} C${half},${a.y} ${half},${b.y} ${b.to},${b.y}`);
    const broad = flow === null ? 1 : Math.max(1, (wide ? 13 : 8) * Math.abs(flow) / (most[c] || 1));
    put(s.lines[k], "stroke-width", broad.toFixed(2));
  });
}

export default function ({ parentElement, data: [data], setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const s = root.state ??= { root, data: null };
  s.go = (column, node) => setTriggerValue("clicked", [column, node]);
  const text = JSON.stringify(data);
  if (s.text !== text) { s.text = text; s.data = data; build(s); }
  layout(s);
  const observer = new ResizeObserver(() => layout(s));
  observer.observe(root);
  return () => observer.disconnect();
}
