// The drawing pad: pen, finger or mouse; what is drawn is sent as 28×28 numbers while it grows and when it ends.
const SIDE = 280, PIXELS = 28, PAUSE = 100;  // screen pixels, sent pixels, milliseconds between two sendings

function shrink(canvas) {
  // In halves, so that every drawn pixel counts: 280, 140, 70, 28.
  let from = canvas;
  for (const side of [140, 70, PIXELS]) {
    const to = document.createElement("canvas");
    to.width = to.height = side;
    const pen = to.getContext("2d", { willReadFrequently: true });
    pen.imageSmoothingQuality = "high";
    pen.drawImage(from, 0, 0, side, side);
    from = to;
  }
  const rgba = from.getContext("2d").getImageData(0, 0, PIXELS, PIXELS).data;
  return Array.from({ length: PIXELS * PIXELS }, (_, i) => Math.round(rgba[4 * i] * rgba[4 * i + 3] / 255));
}

function enlarge(pen, pixels) {
  const small = document.createElement("canvas");
  small.width = small.height = PIXELS;
  const to = small.getContext("2d"), image = to.createImageData(PIXELS, PIXELS);
  pixels.forEach((value, i) => image.data.set([255, 255, 255, value], 4 * i));
  to.putImageData(image, 0, 0);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, 0, 0, SIDE, SIDE);
}

export default function ({ parentElement, data: [data], setStateValue }) {
  const canvas = parentElement.querySelector("canvas"), clear = parentElement.querySelector("button");
  const pad = parentElement.querySelector(".pad"), hint = parentElement.querySelector(".hint");
  const s = canvas.state ??= { pen: canvas.getContext("2d", { willReadFrequently: true }), pointer: null, fresh: true,
    drawn: false, last: 0, timer: null };
  const pen = s.pen;
  s.set = setStateValue;
  pad.style.width = data.px + "px";
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = "#fff";
  pen.lineWidth = data.brush;
  if (s.fresh && data.start) { enlarge(pen, data.start); s.drawn = true; }
  s.fresh = false;
  const tell = () => { clear.disabled = !s.drawn; hint.textContent = s.drawn ? "" : "Draw here"; };
  tell();

  const at = (event) => {
    const box = s.box;  // of when the stroke began: the page may grow above the pad while the pen is down
    return [(event.clientX - box.left) * SIDE / box.width, (event.clientY - box.top) * SIDE / box.height];
  };
  const send = () => {
    clearTimeout(s.timer);
    s.timer = null;
    s.last = performance.now();
    s.set("pixels", s.drawn ? shrink(canvas) : null);
  };
  const sendSoon = () => { s.timer ??= setTimeout(send, Math.max(0, PAUSE - (performance.now() - s.last))); };

  canvas.onpointerdown = (event) => {
    if (event.button !== 0 || s.pointer !== null) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    s.pointer = event.pointerId;
    s.box = canvas.getBoundingClientRect();
    s.from = at(event);
    pen.beginPath();
    pen.moveTo(...s.from);
    pen.lineTo(s.from[0] + 0.1, s.from[1]);
    pen.stroke();
    s.drawn = true;
    tell();
    sendSoon();
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
  const wipe = () => { pen.clearRect(0, 0, SIDE, SIDE); s.drawn = false; tell(); send(); };
  clear.onclick = wipe;
  canvas.onkeydown = (event) => {
    if (event.key === "Delete" || event.key === "Backspace" || event.key === "Escape") { event.preventDefault(); wipe(); }
  };
  return () => { if (!canvas.isConnected) clearTimeout(s.timer); };
}
