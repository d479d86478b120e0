// Once for each step: what is lit is brought into the part of the page that the bar leaves free, and the bar has the
// focus. A page may take a while to draw, so it is looked again; whoever scrolls in the meantime is left alone. For some
// seconds all else stands back (pages/tour/light.py). What is folded is unfolded once the question is answered, for it
// may be the answer; the next step finds it folded again.
const SECONDS = 8;
const LOOKS = [150, 700, 1800, 4000]; // milliseconds
const kept = new WeakMap();

export default function ({ data: [data] }) {
  const lesson = kept.get(document) ?? { step: null, answered: null, unfolded: [], end: () => {} };
  kept.set(document, lesson);
  const isNew = lesson.step !== data.step, isTold = data.opens && lesson.answered !== data.step;
  if (!isNew && !isTold) return lesson.end;
  lesson.end();
  lesson.step = data.step;
  if (data.opens) lesson.answered = data.step;

  const root = document.documentElement;
  const main = document.querySelector('[data-testid="stMain"]');
  const bar = () => document.querySelector(".st-key-tour_bar");
  const on_page = (selectors) =>
    selectors.map((one) => document.querySelector(`[data-testid="stMain"] ${one}`)).filter((one) => one?.offsetHeight);
  const lit = () => document.querySelector(".st-key-tour_wide") ?? on_page(data.lit)[0];
  let hands = false;
  const touched = () => (hands = true);
  for (const kind of ["wheel", "touchmove"]) main?.addEventListener(kind, touched, { once: true, passive: true });

  let dark;
  const stand_back = () => {
    if (dark) return;
    root.dataset.lessonLight = "";
    dark = setTimeout(() => delete root.dataset.lessonLight, 1000 * SECONDS);
  };
  const show = () => {
    const element = lit();
    if (!element || !main || hands) return;
    const box = element.getBoundingClientRect(), room = main.getBoundingClientRect();
    const top = room.top + 72, bottom = (bar()?.getBoundingClientRect().top ?? room.bottom) - 16;
    // Where it has no room as a whole its beginning counts.
    const by = box.top < top || box.height > bottom - top ? box.top - top : Math.max(0, box.bottom - bottom);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (isNew) stand_back();
    if (Math.abs(by) > 4) main.scrollBy({ top: by, behavior: calm ? "instant" : "smooth" });
  };
  const fold = () => {
    for (const summary of lesson.unfolded.splice(0)) if (summary.closest("details[open]")) summary.click();
  };
  const unfold = () => {
    const folded = on_page(data.lit).flatMap((one) => [...one.querySelectorAll("details:not([open]) > summary")]);
    for (const summary of folded.filter((one) => !lesson.unfolded.includes(one))) {
      summary.click();
      lesson.unfolded.push(summary);
    }
    if (folded.length) timers.push(setTimeout(show, 400)); // when it has its height
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
  const timers = [];
  if (isNew) {
    fold();
    timers.push(...LOOKS.map((after) => setTimeout(show, after)), setTimeout(focus, 60));
  }
  if (data.opens) timers.push(...LOOKS.map((after) => setTimeout(unfold, after)));
  lesson.end = () => {
    [...timers, dark].forEach(clearTimeout);
    delete root.dataset.lessonLight;
  };
  return lesson.end;
}
