// What all drawn components share; put in front of each.
function tipAt(root, text, left, top) {
  const tip = root.querySelector(".tip");
  if (!text) { tip.style.visibility = "hidden"; return; }
  if (tip.textContent !== text) tip.textContent = text;
  const x = Math.max(0, Math.min(left - tip.offsetWidth / 2, root.clientWidth - tip.offsetWidth));
  tip.style.left = x + "px";
  tip.style.top = (top - tip.offsetHeight - 5) + "px";
  tip.style.visibility = "visible";
}
function put(element, name, value) {  // touch the page only where something changed
  if (value === null || value === undefined) { if (element.hasAttribute(name)) element.removeAttribute(name); }
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}
function write(element, text) { if (element.textContent !== text) element.textContent = text; }
// How many of the screen's pixels one of CSS's is here: on a wall the page is enlarged, and stays crisp.
function devicePixels(element) { return (window.devicePixelRatio || 1) * (element.currentCSSZoom ?? 1); }
function load(s, src, done) {
  if (s.src === src) { if (s.image) done(); return; }
  const image = new Image();
  s.src = src; s.image = null;
  image.onload = () => { if (s.src === src) { s.image = image; done(); } };
  image.src = src;
}
// What follows the class by itself (frame/broadcast.py): the newest of what came, as the page was drawn or since.
function newest([drawn, , key, at]) {
  const feed = window.convscopeFeeds?.[key];
  return feed && feed.at >= at ? feed.news : drawn;
}
function onNews([, , key], show) {  // returns what ends it
  window.addEventListener(`convscope-feed-${key}`, show);
  return () => window.removeEventListener(`convscope-feed-${key}`, show);
}
