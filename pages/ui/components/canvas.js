// The drawing pad: pen, finger or mouse; what is drawn is sent as 56×56 numbers while it grows and when it ends.
const SIDE = 280, PIXELS = 56, PAUSE = 100;  // screen pixels, sent pixels, milliseconds between two sendings
const STEP = 10;  // of the pen by an arrow key, in pixels of SIDE; with Shift a fifth of it
const BEFORE = 40;  // strokes that can be taken back

function shrink(canvas) {
  // In steps, so that every drawn pixel counts: 280, 140, 56.
  let from = canvas;
  for (const side of [140, PIXELS]) {
    const to = document.createElement("canvas");
    to.width = to.height = side;
    const pen = to.getContext("2d", { willReadFrequently: true });
    pen.imageSmoothingQuality = "high";
    pen.drawImage(from, 0, 0, side, side);
    from = to;
  }
  const rgba = from.getContext("2d").getImageData(0, 0, PIXELS, PIXELS).data;
  const values = Array.from({ length: PIXELS * PIXELS }, (_, i) => Math.round(rgba[4 * i] * rgba[4 * i + 3] / 255));
  return values.some((value) => value > 0) ? values : null;  // all of it may have been rubbed out
}

function enlarge(pen, pixels) {
  const small = document.createElement("canvas");
  small.width = small.height = Math.round(Math.sqrt(pixels.length));  // 56, or 28 of an earlier version's drawing
  const to = small.getContext("2d"), image = to.createImageData(small.width, small.width);
  pixels.forEach((value, i) => image.data.set([255, 255, 255, value], 4 * i));
  to.putImageData(image, 0, 0);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, 0, 0, SIDE, SIDE);
}

export default function ({ parentElement, data: [data], setStateValue }) {
  const find = (name) => parentElement.querySelector(name);
  const canvas = find("canvas"), pad = find(".pad"), hint = find(".hint"), width = find("input");
  const cursor = find(".cursor"), said = find(".said");
  const undo = find(".undo"), clear = find(".clear"), eraser = find(".eraser"), add = find(".add");
  const s = canvas.state ??= { pen: canvas.getContext("2d", { willReadFrequently: true }), pointer: null, fresh: true,
    drawn: false, last: 0, timer: null, before: [], erases: false, waiting: [], number: 0,
    keys: { x: SIDE / 2, y: SIDE / 2, down: false, timer: null } };
  const pen = s.pen;
  s.set = setStateValue;
  pad.style.width = data.px + "px";
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = "#fff";
  if (s.fresh) {
    width.value = data.brush;
    if (data.start) { enlarge(pen, data.start); s.drawn = true; }
  }
  s.fresh = false;
  const tell = () => {
    clear.disabled = !s.drawn;
    undo.disabled = s.before.length === 0;
    eraser.setAttribute("aria-pressed", String(s.erases));
    add.disabled = !s.drawn;
    hint.classList.toggle("low", !cursor.hidden);
    hint.textContent = s.drawn ? "" : cursor.hidden ? "Draw here" : "Arrow keys move the pen, Space draws";
  };
  tell();
  // A pad that collects: what was added is held here until the server has had it.
  add.hidden = !data.add;
  if (data.add && add.textContent !== data.add) add.textContent = data.add;
  s.waiting = s.waiting.filter(([number]) => number > (data.done ?? 0));
  s.number = Math.max(s.number, data.done ?? 0);

  const at = (event) => {
    const box = s.box;  // of when the stroke began: the page may grow above the pad while the pen is down
    return [(event.clientX - box.left) * SIDE / box.width, (event.clientY - box.top) * SIDE / box.height];
  };
  const send = () => {
    clearTimeout(s.timer);
    if (data.add) return;  // only what is added is of interest
    s.timer = null;
    s.last = performance.now();
    s.set("pixels", s.drawn ? shrink(canvas) : null);
  };
  const sendSoon = () => { s.timer ??= setTimeout(send, Math.max(0, PAUSE - (performance.now() - s.last))); };
  const remember = () => {
    s.before.push([pen.getImageData(0, 0, SIDE, SIDE), s.drawn]);
    if (s.before.length > BEFORE) s.before.shift();
  };

  const begin = (place) => {
    remember();
    s.from = place;
    pen.lineWidth = Number(width.value) * (s.erases ? 1.5 : 1);  // wider, so that no rim is left of a stroke
    pen.globalCompositeOperation = s.erases ? "destination-out" : "source-over";
    pen.beginPath();
    pen.moveTo(...s.from);
    pen.lineTo(s.from[0] + 0.1, s.from[1]);
    pen.stroke();
    if (!s.drawn) s.target = data.target;
    s.drawn ||= !s.erases;
    tell();
    sendSoon();
  };

  canvas.onpointerdown = (event) => {
    if (event.button !== 0 || s.pointer !== null) return;
    event.preventDefault();
    // What is prevented is the focus too. Left in a field above, Enter would go there and add no drawing.
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    leave();
    s.pointer = event.pointerId;
    s.box = canvas.getBoundingClientRect();
    begin(at(event));
  };
  canvas.onpointermove = (event) => {
    if (event.pointerId !== s.pointer) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    pen.beginPath();
    pen.moveTo(...s.from);
    for (const step of coalesced.length ? coalesced : [event]) pen.lineTo(...(s.from = at(step)));
    pen.stroke();
    sendSoon();
  };
  canvas.onpointerup = canvas.onpointercancel = (event) => {
    if (event.pointerId !== s.pointer) return;
    s.pointer = null;
    send();
  };
  const wipe = () => {
    if (!s.drawn) return;
    remember();
    pen.clearRect(0, 0, SIDE, SIDE);
    s.drawn = false;
    tell();
    send();
  };
  const takeBack = () => {
    const last = s.before.pop();
    if (!last) return;
    pen.putImageData(last[0], 0, 0);
    s.drawn = last[1];
    tell();
    send();
  };
  clear.onclick = wipe;
  undo.onclick = takeBack;
  eraser.onclick = () => { s.erases = !s.erases; tell(); };

  // --- the pen by keyboard ------------------------------------------------------------------------
  const show = () => {
    cursor.hidden = false;
    cursor.style.left = 100 * s.keys.x / SIDE + "%";
    cursor.style.top = 100 * s.keys.y / SIDE + "%";
    cursor.classList.toggle("down", s.keys.down);
    tell();
  };
  const say = (words, pause) => {  // a pen that runs says where it is when it rests
    clearTimeout(s.keys.timer);
    s.keys.timer = setTimeout(() => { said.textContent = words; }, pause);
  };
  const part = (value) => `${Math.round(100 * value / SIDE)} %`;
  const where = () => `${part(s.keys.x)} from the left, ${part(s.keys.y)} from the top`;
  const which = () => s.keys.down ? s.erases ? "Eraser down" : "Pen down" : "Pen up";
  const lift = () => {
    if (!s.keys.down) return;
    s.keys.down = false;
    send();
  };
  const leave = () => {
    lift();
    cursor.hidden = true;
    tell();
  };
  const press = () => {
    s.keys.down = !s.keys.down;
    if (s.keys.down) begin([s.keys.x, s.keys.y]); else send();
    show();
    say(`${which()}, ${where()}`, 0);
  };
  const move = (across, down, step) => {
    const hold = (value) => Math.min(SIDE, Math.max(0, value)), { keys } = s;
    [keys.x, keys.y] = [hold(keys.x + step * across), hold(keys.y + step * down)];
    if (keys.down) {
      pen.beginPath();
      pen.moveTo(...s.from);
      pen.lineTo(...(s.from = [keys.x, keys.y]));
      pen.stroke();
      sendSoon();
    }
    show();
    say(`${which()}, ${where()}`, 300);
  };
  canvas.onfocus = () => { if (canvas.matches(":focus-visible")) show(); };
  canvas.onblur = leave;
  canvas.onkeydown = (event) => {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const takesBack = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    if (s.pointer !== null) return;
    if (arrow) move(...arrow, event.shiftKey ? STEP / 5 : STEP);
    else if (event.key === " ") press();
    else if (event.key === "Escape" && s.keys.down) press();
    else if (takesBack) { lift(); takeBack(); say("The last stroke is taken back.", 0); }
    else if (["Delete", "Backspace", "Escape"].includes(event.key)) { lift(); wipe(); say("The square is empty.", 0); }
    else return;
    event.preventDefault();
  };
  const put = () => {
    lift();
    const pixels = s.drawn && s.pointer === null ? shrink(canvas) : null;
    if (!pixels) return;
    say("Added. The square is empty.", 0);
    s.number += 1;
    s.waiting.push([s.number, data.holds ? s.target : data.target, pixels]);
    s.set("waiting", [...s.waiting]);
    pen.clearRect(0, 0, SIDE, SIDE);
    s.drawn = false;
    s.before = [];
    tell();
  };
  add.onclick = put;
  if (s.onEnter) document.removeEventListener("keydown", s.onEnter);
  s.onEnter = (event) => {
    if (!canvas.isConnected) return document.removeEventListener("keydown", s.onEnter);
    const at = event.composedPath()[0];
    if (event.key === "Enter" && !at.closest?.("input, textarea, select, button, a, [contenteditable]")) put();
  };
  if (data.add) document.addEventListener("keydown", s.onEnter);
  return () => { if (!canvas.isConnected) { clearTimeout(s.timer); clearTimeout(s.keys.timer); } };
}
