// Two pictures of one size; the line between them follows pointer and arrow keys. New pictures leave the line alone.
export default function ({ parentElement, data: [data] }) {
  const root = parentElement.querySelector(".root"), frame = root.querySelector(".frame");
  const [after, before] = root.querySelectorAll("img"), line = root.querySelector(".line");
  const knob = root.querySelector(".knob"), sides = root.querySelectorAll(".sides span");
  const s = root.state ??= { at: 50, held: null };
  if (s.book !== data.book) { s.book = data.book; s.at = 50; }
  const two = Boolean(data.after);
  frame.style.aspectRatio = `${data.w} / ${data.h}`;
  // A tall picture is made narrower rather than longer than the screen.
  root.querySelector(".sides").style.maxWidth = frame.style.maxWidth = Math.min(data.px, Math.round(data.px * data.w / data.h)) + "px";
  frame.classList.toggle("two", two);
  show(before, data.before); show(after, data.after || data.before);
  put(before, "alt", data.alt_before); put(after, "alt", two ? data.alt_after : "");
  line.hidden = knob.hidden = !two;
  line.style.display = knob.style.display = two ? "" : "none";
  put(knob, "aria-label", `Line between ${data.left} and ${data.right}`);
  write(sides[0], data.left); write(sides[1], two ? data.right : "");
  draw();

  const follow = (event) => {
    const box = frame.getBoundingClientRect();
    move(100 * (event.clientX - box.left) / box.width);
  };
  frame.onpointerdown = (event) => {
    if (!two || event.button) return;
    s.held = event.pointerId; frame.setPointerCapture(event.pointerId); follow(event); knob.focus({ preventScroll: true });
    event.preventDefault();
  };
  frame.onpointermove = (event) => { if (s.held === event.pointerId) follow(event); };
  frame.onpointerup = frame.onpointercancel = frame.onlostpointercapture = () => { s.held = null; };
  knob.onkeydown = (event) => {
    const step = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10 }[event.key];
    if (step) move(s.at + step);
    else if (event.key === "Home") move(0);
    else if (event.key === "End") move(100);
    else return;
    event.preventDefault();
  };

  function show(image, src) { if (image.getAttribute("src") !== src) image.src = src; }
  function move(at) { s.at = Math.max(0, Math.min(100, at)); draw(); }
  function draw() {
    before.style.clipPath = two ? `inset(0 ${100 - s.at}% 0 0)` : "none";
    line.style.left = knob.style.left = s.at + "%";
    put(knob, "aria-valuenow", Math.round(s.at));
    put(knob, "aria-valuetext", `${Math.round(s.at)} % ${data.left}`);
  }
}
