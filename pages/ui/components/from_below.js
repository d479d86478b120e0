// What a tap opens comes into sight at once. Beside the sheets, where there is room, it is seen already and stays; else
// its container becomes a sheet at the lower edge of the window (at the right one, where the window is wide or low).
export default function ({ parentElement, data: [data] }) {
  const button = parentElement.querySelector("button"), host = button.getRootNode().host ?? parentElement;
  const card = host.closest(".st-key-" + data.key);
  let from = null;

  const isSeen = () => {
    const box = card.getBoundingClientRect(), high = window.innerHeight;
    return box.top > 0 ? box.top < 0.6 * high : box.bottom > 0.6 * high;
  };
  const close = () => {
    if (!card.hasAttribute("data-from-below")) return;
    for (const name of ["data-from-below", "role", "aria-label"]) card.removeAttribute(name);
    from?.focus({ preventScroll: true });
    from = null;
  };
  // What was tapped stays in sight as well, above the sheet.
  const makeWay = (tile) => {
    const top = card.offsetTop, box = tile.getBoundingClientRect();  // where it comes to rest
    if (top < 0.2 * window.innerHeight || box.bottom < top - 8) return;
    let room = card;
    while (room && !(/auto|scroll/.test(getComputedStyle(room).overflowY) && room !== card)) room = room.parentElement;
    room?.scrollBy({ top: box.bottom - top + 16 });
  };
  const open = ({ detail }) => {
    if (detail.opens !== data.key || !card) return;
    const isOpen = card.hasAttribute("data-from-below");
    if (!isOpen && isSeen()) return;
    from = detail.tile;
    card.setAttribute("data-from-below", "");
    card.setAttribute("role", "dialog");
    card.setAttribute("aria-label", detail.name);
    card.scrollTop = 0;
    makeWay(detail.tile);
    if (!isOpen) button.focus({ preventScroll: true });
  };
  const onKey = (event) => { if (event.key === "Escape") close(); };
  button.onclick = close;
  document.addEventListener("convscope:opened", open);
  document.addEventListener("keydown", onKey);
  return () => {
    close();
    document.removeEventListener("convscope:opened", open);
    document.removeEventListener("keydown", onKey);
  };
}
