// Keys for what is no button of Streamlit's: the link to the next page, and what a drawn component plays.
// A component marks its button by data-key; event.code is the key's place, for Alt and a letter make another letter on a Mac.
const WANTED = { KeyP: "play", KeyS: "step", KeyN: "next" };

function* drawn(selector) {
  for (const host of document.querySelectorAll("[data-testid=stMain] *")) {
    const hit = host.shadowRoot?.querySelector(selector);
    if (hit?.checkVisibility()) yield hit;
  }
}

function target(name) {
  if (name !== "next") return drawn(`[data-key="${name}"]`).next().value;
  return document.querySelector('[data-testid=stMain] [class*="st-key-next_"] a');
}

export default function ({ parentElement }) {
  const pressed = (event) => {
    const name = WANTED[event.code];
    if (!name || !event.altKey || event.ctrlKey || event.metaKey || event.repeat && name !== "step") return;
    // A button of Streamlit's with the same key answers by itself.
    if ([...document.querySelectorAll("kbd")].some((key) => key.textContent.endsWith(event.code.at(-1)) && key.checkVisibility())) return;
    const hit = target(event.shiftKey && name === "step" ? "back" : name);
    if (!hit) return;
    event.preventDefault();
    hit.click();
  };
  if (parentElement.pressed) document.removeEventListener("keydown", parentElement.pressed);
  parentElement.pressed = pressed;
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}
