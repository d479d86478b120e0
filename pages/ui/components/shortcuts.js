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

// A menu of Streamlit's that is opened by keyboard has the focus itself, or leaves it at its button, and Enter does nothing:
// its first entry gets it. After a choice the focus is lost, and the next Tab would begin at the top of the page.
const menus = { back: "", timer: null };

function openMenu({ target, key }) {
  const opener = target.closest?.("[aria-haspopup=menu]");
  if (!opener || key !== "Enter" && key !== " ") return;
  const named = [...opener.closest("[class*=st-key-]")?.classList ?? []].find((name) => name.startsWith("st-key-"));
  menus.back = named ? `.${CSS.escape(named)} [aria-haspopup=menu]` : "";
  let looks = 20;
  clearInterval(menus.timer);
  menus.timer = setInterval(() => {
    const menu = document.querySelector("[role=menu]"), isInside = document.activeElement?.matches("[role=menuitem]");
    if (menu && !isInside) menu.querySelector("[role=menuitem]")?.focus();
    if (isInside || --looks === 0) clearInterval(menus.timer);
  }, 50);
}

function leaveMenu({ target, key }) {
  if (key !== "Enter" && key !== " " || target.getAttribute?.("role") !== "menuitem" || !menus.back) return;
  const { back } = menus;
  for (const pause of [300, 900, 2000]) setTimeout(() => {
    if (document.activeElement === document.body) document.querySelector(back)?.focus();
  }, pause);
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
  // Called again it takes the place of the one before; the functions above are the same each time.
  parentElement.end?.();
  const heard = [pressed, openMenu, leaveMenu];
  for (const hear of heard) document.addEventListener("keydown", hear, true);
  parentElement.end = () => heard.forEach((hear) => document.removeEventListener("keydown", hear, true));
  return parentElement.end;
}
