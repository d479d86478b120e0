// Once for each step: what is lit is brought into the part of the page that the bar leaves free, and the bar has the
// focus. A page may take a while to draw, so it is looked again; whoever scrolls in the meantime is left alone. For some
// seconds all else stands back (pages/tour/light.py).
const SECONDS = 8;
const done = new WeakMap();

export default function ({ parentElement, data: [data] }) {
  if (done.get(document) === data.step) return;
  done.set(document, data.step);
  const main = document.querySelector('[data-testid="stMain"]');
  const bar = () => document.querySelector(".st-key-tour_bar");
  let hands = false;
  const touched = () => (hands = true);
  for (const kind of ["wheel", "touchmove"]) main?.addEventListener(kind, touched, { once: true, passive: true });

  const lit = () => document.querySelector('.st-key-tour_wide') ?? data.lit.map((one) =>
    document.querySelector(`[data-testid="stMain"] ${one}`)).find((one) => one?.offsetHeight);
  const root = document.documentElement;
  let end;
  const stand_back = () => {
    if (end) return;
    root.dataset.lessonLight = "";
    end = setTimeout(() => delete root.dataset.lessonLight, 1000 * SECONDS);
  };
  const show = () => {
    const element = lit();
    if (!element || !main || hands) return Boolean(hands);
    const box = element.getBoundingClientRect(), room = main.getBoundingClientRect();
    const top = room.top + 72, bottom = (bar()?.getBoundingClientRect().top ?? room.bottom) - 16;
    // Where it has no room as a whole its beginning counts.
    const by = box.top < top || box.height > bottom - top ? box.top - top : Math.max(0, box.bottom - bottom);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    stand_back();
    if (Math.abs(by) > 4) main.scrollBy({ top: by, behavior: calm ? "instant" : "smooth" });
    return true;
  };
  const focus = () => {
    const place = bar();
    if (!place) return;
    place.setAttribute("role", "region");
    place.setAttribute("aria-label", data.name);
    place.tabIndex = -1;
    const busy = document.activeElement?.matches("input, textarea, [contenteditable]");
    if (!busy) place.focus({ preventScroll: true });
  };
  const timers = [150, 700, 1800, 4000].map((after) => setTimeout(show, after));
  timers.push(setTimeout(focus, 60));
  return () => {
    [...timers, end].forEach(clearTimeout);
    delete root.dataset.lessonLight;
  };
}
