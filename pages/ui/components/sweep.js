const seen = new WeakMap();
const minus = (text) => text.replace("-", "−");
const short = (v) => minus(Math.abs(v) >= 99.5 ? v.toFixed(0) : Math.abs(v) >= 9.95 ? v.toFixed(1) : v.toFixed(2))
  .replace(/^−(0[.]?0*)$/, "$1");
const tidy = (v) => minus(String(Math.round(v * 100) / 100)).replace(/^−0$/, "0");
const NUMBER = 26;  // pixels: a cell that is narrower has no room for a number of 12
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const mix = (colors, part) => {            // part from 0 to 1 along evenly spaced colours
  const at = Math.min(Math.max(part, 0), 1) * (colors.length - 1), i = Math.min(Math.floor(at), colors.length - 2);
  const a = rgb(colors[i]), b = rgb(colors[i + 1]);
  return a.map((v, k) => Math.round(v + (b[k] - v) * (at - i)));
};
const css = (c) => `rgb(${c.join(",")})`;
const ink = (c) => (0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2] > 140 ? "#1D2129" : "#FFFFFF");
const signed = (data, v, most) => mix(data.signed, 0.5 + 0.5 * v / (most || 1));
const grey = (v) => { const g = Math.round(255 * Math.min(Math.max(v, 0), 1)); return [g, g, g]; };

export default function ({ parentElement, data: [data], setTriggerValue }) {
  const host = parentElement.host ?? parentElement, $ = (selector) => parentElement.querySelector(selector);
  const s = seen.get(parentElement) ?? { playing: false, timer: 0, geometry: "", index: 0, shown: 0 };
  seen.set(parentElement, s);
  const { size: [height, width], padding: [left, right, top, bottom], shape: [rows, columns] } = data;
  const { stride, dilation, kernel, image, output, mark: [MARK, MARK_EDGE] } = data;
  const k = kernel[0].length, span = dilation * (k - 1) + 1, count = rows * columns;
  const most = Math.max(...kernel.flat(2).map(Math.abs)) || 1;
  if (s.geometry !== data.geometry) {      // another sweep: begin at a place worth seeing, with all of it shown
    s.geometry = data.geometry; s.index = data.start; s.shown = count; s.playing = false;
  }
  s.index = Math.min(s.index, count - 1);

  // --- pictures -------------------------------------------------------------------------------
  const fit = (canvas, across, down, room) => {   // whole device pixels a cell, so that no cell is blurred
    const dpr = window.devicePixelRatio || 1, cell = Math.max(1, Math.floor(room * dpr / Math.max(across, down)));
    if (canvas.width !== across * cell || canvas.height !== down * cell) {
      canvas.width = across * cell; canvas.height = down * cell;
    }
    canvas.style.width = `${across * cell / dpr}px`; canvas.style.height = `${down * cell / dpr}px`;
    return cell;
  };
  const mark = (c, x, y, w, h, dpr) => {
    c.lineWidth = 1.5 * dpr; c.strokeStyle = MARK_EDGE;
    c.strokeRect(x - 2 * dpr, y - 2 * dpr, w + 4 * dpr, h + 4 * dpr);
    c.lineWidth = 2 * dpr; c.strokeStyle = MARK; c.strokeRect(x - 0.5 * dpr, y - 0.5 * dpr, w + dpr, h + dpr);
  };
  const number = (c, text, color, x, y, cell, dpr) => {
    if (cell / dpr < NUMBER) return;
    c.fillStyle = color; c.font = `${Math.min(17, Math.max(12, 0.37 * cell / dpr)) * dpr}px sans-serif`; c.textAlign = "center"; c.textBaseline = "middle";
    c.fillText(text, x + cell / 2, y + cell / 2);
  };
  const narrow = () => host.getBoundingClientRect().width <= 760;
  const room = () => {                     // of one picture, in pixels: on a wall they grow with the page
    const wide = host.getBoundingClientRect().width;
    if (narrow()) return Math.min(196, (wide - 12) / 2);
    const free = $(".pictures").clientWidth - $(".kernel").offsetWidth - 52;
    return Math.min(440, Math.max(200, free / 2));
  };

  const drawImage = () => {
    const canvas = $(".image canvas"), across = width + left + right, down = height + top + bottom;
    const cell = fit(canvas, across, down, room()), c = canvas.getContext("2d"), dpr = window.devicePixelRatio || 1;
    const border = getComputedStyle(host).getPropertyValue("--st-border-color") || "#888";
    c.clearRect(0, 0, canvas.width, canvas.height);
    for (let y = 0; y < down; y++) for (let x = 0; x < across; x++) {
      const row = y - top, column = x - left, px = x * cell, py = y * cell;
      if (row < 0 || column < 0 || row >= height || column >= width) {   // padding: an empty cell with a stroke
        c.strokeStyle = border; c.lineWidth = Math.max(1, dpr / 2); c.beginPath();
        c.moveTo(px, py + cell); c.lineTo(px + cell, py); c.stroke(); c.strokeRect(px, py, cell, cell);
        number(c, "0", getComputedStyle(host).color, px, py, cell, dpr);
        continue;
      }
      const values = image.map((channel) => channel[row * width + column]);
      const color = values.length === 3 ? values.map((v) => Math.round(255 * v)) : grey(values[0]);
      c.fillStyle = css(color); c.fillRect(px, py, cell, cell);
      if (values.length === 1) number(c, tidy(values[0]), ink(color), px, py, cell, dpr);
    }
    const r = Math.floor(s.index / columns) * stride, q = (s.index % columns) * stride;
    if (dilation > 1) for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) {
      c.lineWidth = Math.max(1, dpr); c.strokeStyle = MARK;
      c.strokeRect((q + j * dilation) * cell + 1, (r + i * dilation) * cell + 1, cell - 2, cell - 2);
    }
    mark(c, q * cell, r * cell, span * cell, span * cell, dpr);
  };
  const value = (i) => data.relu ? Math.max(output[i], 0) : output[i];
  const color = (i) => data.relu ? mix(data.activation, value(i) / (data.limit || 1)) : signed(data, value(i), data.limit);
  const drawOutput = () => {
    const canvas = $(".output canvas"), cell = fit(canvas, columns, rows, room() * Math.min(1, Math.max(columns, rows)
      * 1.0 / Math.max(width + left + right, height + top + bottom) * 1.02 + (stride > 1 ? 0.25 : 0)));
    const c = canvas.getContext("2d"), dpr = window.devicePixelRatio || 1;
    const style = getComputedStyle(host);
    c.fillStyle = style.getPropertyValue("--st-secondary-background-color") || "#ddd";
    c.fillRect(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < Math.min(s.shown, count); i++) {
      const x = (i % columns) * cell, y = Math.floor(i / columns) * cell, filled = color(i);
      c.fillStyle = css(filled); c.fillRect(x, y, cell, cell);
      number(c, short(value(i)), ink(filled), x, y, cell, dpr);
    }
    mark(c, (s.index % columns) * cell, Math.floor(s.index / columns) * cell, cell, cell, dpr);
  };

  // --- one place ------------------------------------------------------------------------------
  const grid = (cells, size, letters) => {
    const node = document.createElement("div");
    node.className = "grid"; node.style.setProperty("--cell", `${size}px`);
    node.style.gridTemplateColumns = `repeat(${k}, ${size}px)`;
    cells.forEach(([text, background, padded, tell]) => {
      const cell = document.createElement("span");
      cell.textContent = letters ? text : ""; cell.style.background = css(background); cell.style.color = ink(background);
      if (padded) cell.className = "padding";
      cell.onmouseenter = () => { $(".hint").textContent = tell; };
      node.append(cell);
    });
    return node;
  };
  const drawSum = () => {
    s.room = $(".sum").clientWidth;
    const r = Math.floor(s.index / columns) * stride - top, q = (s.index % columns) * stride - left;
    const size = Math.floor((Math.min($(".sum").clientWidth || 292, 460) - 52 - 3 * (k - 1)) / (3 * k)), letters = size >= NUMBER;
    const parts = kernel.map((weights, channel) => weights.flatMap((line, i) => line.map((w, j) => {
      const y = r + i * dilation, x = q + j * dilation, padded = y < 0 || x < 0 || y >= height || x >= width;
      const v = padded ? 0 : image[channel][y * width + x];
      return { v, w, padded, product: v * w };
    })));
    const loudest = Math.max(...parts.flat().map((p) => Math.abs(p.product)), 1e-9);
    const blocks = parts.map((cells, channel) => {
      const tell = (p) => `${short(p.v)} × ${short(p.w)} = ${short(p.product)}` + (p.padded ? ", a zero of the padding" : "");
      const block = document.createElement("div"); block.className = "triple";
      const name = data.channels[channel];
      [[name ? `${name} patch` : "patch", cells.map((p) => [short(p.v), grey(p.v), p.padded, tell(p)])],
       ["kernel", cells.map((p) => [short(p.w), signed(data, p.w, most), false, tell(p)])],
       ["products", cells.map((p) => [short(p.product), signed(data, p.product, loudest), false, tell(p)])],
      ].forEach(([label, values], i) => {
        if (i) { const sign = document.createElement("span"); sign.className = "sign"; sign.textContent = "×="[i - 1]; block.append(sign); }
        const part = document.createElement("div"), head = document.createElement("div");
        head.className = "label"; head.textContent = label; part.append(head, grid(values, size, letters)); block.append(part);
      });
      return block;
    });
    $(".channels").replaceChildren(...blocks); $(".hint").textContent = letters ? "" : "Point at a cell to read it.";
    const sums = parts.map((cells) => cells.reduce((sum, p) => sum + p.product, 0));
    const total = output[s.index], line = $(".total"), strong = document.createElement("strong");
    const each = sums.length > 1 ? ` (${sums.map((v, i) => `${data.channels[i]} ${short(v)}`).join(" + ")})` : "";
    strong.textContent = short(total);
    const after = data.relu ? (total < 0 ? ", and relu makes it 0." : ", and relu lets it pass.") : ".";
    line.replaceChildren(`${k * k * sums.length} products add up to `, strong, `${each}${after}`);
    line.setAttribute("aria-live", s.playing ? "off" : "polite");
  };
  const drawKernel = () => {
    const holder = $(".grids"), many = kernel.length > 1;
    const cell = k <= 3 ? (many ? 34 : 44) : NUMBER + 2;
    const ready = holder.dataset.shape === `${kernel.length}x${k}`;
    if (!ready) {
      holder.dataset.shape = `${kernel.length}x${k}`;
      holder.style.setProperty("--cell", `${cell}px`);
      holder.style.setProperty("--letters", k <= 3 ? "14px" : "12px");
      holder.replaceChildren(...kernel.map((grid, channel) => {
        const node = document.createElement("div"); node.className = "grid";
        node.style.gridTemplateColumns = `repeat(${k}, var(--cell))`;
        grid.forEach((line, i) => line.forEach((_, j) => {
          const input = document.createElement("input");
          input.type = "text"; input.inputMode = "text"; input.autocomplete = "off"; input.spellcheck = false;
          const where = data.channels[channel] ? `${data.channels[channel]}, ` : "";
          input.setAttribute("aria-label", `Kernel ${where}row ${i}, column ${j}`);
          node.append(input);
        }));
        return node;
      }));
    }
    const inputs = [...holder.querySelectorAll("input")], flat = kernel.flat(2);
    const tint = (input, v) => { const c = signed(data, v, most); input.style.background = css(c); input.style.color = ink(c); };
    inputs.forEach((input, n) => {
      if (document.activeElement !== input && input.getRootNode().activeElement !== input) input.value = tidy(flat[n]);
      input.title = minus(String(flat[n])); tint(input, flat[n]); input.classList.remove("wrong");
      input.onfocus = () => input.select();
      input.onchange = () => {
        const v = Number(input.value.trim().replace("−", "-").replace(",", "."));
        const bad = input.value.trim() === "" || !Number.isFinite(v) || Math.abs(v) > 1000;
        input.classList.toggle("wrong", bad); input.setAttribute("aria-invalid", bad);
        $(".hint").textContent = bad ? "A cell of the kernel takes a number, such as −1 or 0.5." : "";
        if (bad) return;
        const edited = flat.slice(); edited[n] = v;
        const grids = kernel.map((g, a) => g.map((l, b) => l.map((_, d) => edited[(a * k + b) * k + d])));
        setTriggerValue("edit", { kernel: grids, geometry: data.geometry });
      };
      input.onkeydown = (event) => {
        const step = { ArrowUp: -k, ArrowDown: k }[event.key];
        if (event.key === "Enter") input.blur();
        else if (step && inputs[n + step]) { event.preventDefault(); inputs[n + step].focus(); }
      };
    });
  };

  // --- moving ---------------------------------------------------------------------------------
  const caption = (selector, name, detail) => {
    const muted = document.createElement("span"), strong = document.createElement("strong");
    strong.textContent = name; muted.textContent = ` ${detail}`; $(selector).replaceChildren(strong, muted);
  };
  const draw = () => {
    drawImage(); drawOutput(); drawSum();
    const r = Math.floor(s.index / columns), q = s.index % columns;
    $(".controls input").value = s.index;
    $(".place").textContent = `row ${r} of 0 to ${rows - 1}, column ${q} of 0 to ${columns - 1}`;
    $(".play").textContent = s.playing ? "Pause" : "Play"; $(".play").setAttribute("aria-pressed", s.playing);
  };
  const stop = () => { s.playing = false; clearTimeout(s.timer); };
  const go = (index, filling) => { s.index = Math.min(Math.max(index, 0), count - 1); s.shown = filling ? s.index + 1 : count; draw(); };
  const tick = () => {
    if (!s.playing || !parentElement.isConnected) return;
    const speed = $(".controls select").value, next = speed === "row"
      ? Math.min((Math.floor(s.index / columns) + 2) * columns - 1, count - 1) : s.index + 1;
    if (s.index >= count - 1) { stop(); draw(); return; }
    go(next, true);
    s.timer = setTimeout(tick, speed === "row" ? 200 : 1000 / Number(speed));
  };
  $(".play").onclick = () => {
    if (s.playing) { stop(); draw(); return; }
    s.playing = true;
    if (s.index >= count - 1 || s.shown >= count) go(0, true); else draw();
    clearTimeout(s.timer); s.timer = setTimeout(tick, 250);
  };
  $(".back").onclick = () => { stop(); go(s.index - 1, s.shown < count); };
  $(".step").onclick = () => { stop(); go(s.index + 1, s.shown < count); };
  const range = $(".controls input"); range.max = count - 1;
  range.oninput = () => { stop(); go(Number(range.value), true); };

  const cellOf = (event, across, down) => {
    const box = event.target.getBoundingClientRect();
    return [Math.floor((event.clientX - box.left) / box.width * across), Math.floor((event.clientY - box.top) / box.height * down)];
  };
  const canvas = $(".output canvas");
  const jump = (event) => {
    const [x, y] = cellOf(event, columns, rows);
    if (x >= 0 && y >= 0 && x < columns && y < rows && y * columns + x !== s.index) go(y * columns + x, false);
  };
  canvas.onpointermove = (event) => { if (!s.playing) jump(event); };
  canvas.onclick = (event) => { stop(); jump(event); draw(); };
  canvas.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (step) { event.preventDefault(); stop(); if (s.index + step >= 0 && s.index + step < count) go(s.index + step, false); }
  };
  $(".image canvas").onclick = (event) => {
    const [x, y] = cellOf(event, width + left + right, height + top + bottom);
    const place = (at, last) => Math.min(Math.max(Math.round((at - (span - 1) / 2) / stride), 0), last - 1);
    stop(); go(place(y, rows) * columns + place(x, columns), false);
  };

  const range_ = data.relu ? `0 to ${short(data.limit)}` : `±${short(data.limit)}`;
  caption(".image figcaption", data.title, `${height}×${width}${image.length > 1 ? `×${image.length}` : ""}`
    + (left + right + top + bottom ? ", hatched: zeros" : ""));
  caption(".kernel figcaption", "kernel", `${k}×${k}${dilation > 1 ? `, spread over ${span}×${span}` : ""}`);
  caption(".output figcaption", "output", `${rows}×${columns} · ${range_}`);
  $(".image canvas").setAttribute("aria-label", `${data.title}, with the kernel's window marked`);
  canvas.setAttribute("aria-label", "Output, one pixel for each place of the kernel. Arrow keys move the kernel.");
  $(".formula").replaceChildren(...data.formula.flatMap((line, i) => (i ? [document.createElement("br"), line] : [line])));
  drawKernel(); draw();
  if (s.playing) { clearTimeout(s.timer); s.timer = setTimeout(tick, 250); }
  s.observer?.disconnect();
  s.observer = new ResizeObserver(() => {
    drawImage(); drawOutput();
    if (s.room !== $(".sum").clientWidth) drawSum();   // not at every look: it would wipe a hint away
  }); s.observer.observe(host);
  return () => { clearTimeout(s.timer); s.observer?.disconnect(); };
}
