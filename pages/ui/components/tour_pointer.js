// Once for each step: what is lit is brought into the part of the page that the bar leaves free, and the bar has the
// focus, or the question where it stands above the page; once that is answered, the bar. A page may take a while to
// draw, so it is looked again; whoever scrolls in the meantime is left alone. For some seconds all else stands back
// (pages/tour/light.py). What is folded is unfolded once the question is answered, for it may be the answer; the next
// step finds it folded again.
const SECONDS = 8;
const LOOKS = [150, 700, 1800, 4000]; // milliseconds
const kept = new WeakMap();

// What is lit in the sidebar is brought into sight when the sidebar is opened, where there is no room for it at first.
function begun() {
  const lesson = { step: null, answered: null, lit: [], unfolded: [], timers: [], dark: null };
  const into_sight = () => {
    const found = lesson.lit.map((one) => document.querySelector(`[data-testid="stSidebar"] ${one}`)).find(Boolean);
    found?.scrollIntoView({ block: "center" });
  };
  document.addEventListener("click", ({ target }) => {
    if (!target.closest?.('[data-testid="stExpandSidebarButton"]')) return;
    for (const after of [400, 1000]) setTimeout(into_sight, after);
  });
  kept.set(document, lesson);
  return lesson;
}

export default function ({ data: [data] }) {
  const lesson = kept.get(document) ?? begun();
  const root = document.documentElement;
  const end = () => {
    [...lesson.timers.splice(0), lesson.dark].forEach(clearTimeout);
    lesson.dark = null;
    lesson.lit = [];
    delete root.dataset.lessonLight;
  };
  const isNew = lesson.step !== data.step, isTold = data.opens && lesson.answered !== data.step;
  if (isNew) end();
  lesson.lit = data.lit;
  if (!isNew && !isTold) return end;
  lesson.step = data.step;
  if (data.opens) lesson.answered = data.step;

  const main = document.querySelector('[data-testid="stMain"]');
  const bar = () => document.querySelector(".st-key-tour_bar");
  const on_page = (selectors) =>
    selectors.map((one) => document.querySelector(`[data-testid="stMain"] ${one}`)).filter((one) => one?.offsetHeight);
  const wide = () => document.querySelector(".st-key-tour_wide");
  const lit = () => wide() ?? on_page(data.lit)[0];
  const later = (look, times) => lesson.timers.push(...times.map((after) => setTimeout(look, after)));
  let hands = false;
  const touched = () => (hands = true);
  for (const kind of ["wheel", "touchmove"]) main?.addEventListener(kind, touched, { once: true, passive: true });

  const stand_back = () => {
    if (lesson.dark) return;
    root.dataset.lessonLight = "";
    lesson.dark = setTimeout(() => delete root.dataset.lessonLight, 1000 * SECONDS);
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
    if (folded.length) later(show, [400]); // when it has its height
  };
  const focus = (place) => {
    if (!place) return;
    place.setAttribute("role", "region");
    place.setAttribute("aria-label", data.name);
    place.tabIndex = -1;
    const busy = document.activeElement?.matches("input, textarea, [contenteditable]");
    if (!busy) place.focus({ preventScroll: true });
  };
  const focus_lost = () => {
    if (document.activeElement === document.body) focus(bar()); // the button that was pressed is gone
  };
  if (isNew) {
    fold();
    later(show, LOOKS);
    later(() => focus(wide() ?? bar()), [60]);
  } else {
    later(focus_lost, LOOKS.slice(0, 3));
  }
  if (data.opens) later(unfold, LOOKS);
  return end;
}
