// What Streamlit writes, mended as it comes. "98.7 %" stays in one line: its space becomes one at which no line breaks,
// whoever wrote the sentence. React keeps its text nodes, and writes into one only when its words change. And the list
// of pages in a narrow window's sidebar, whose groups stand between list and entries, is no list but links.
const SPACE = /(\d) %/g;
const ENTRIES = '[data-testid="stSidebarNavItems"], [data-testid="stSidebarNavItems"] li';

function glue(node) {
  if (node.nodeType === 3) {
    if (node.data.includes(" %") && SPACE.test(node.data)) node.data = node.data.replace(SPACE, "$1\u00a0%");
    SPACE.lastIndex = 0;
    return;
  }
  if (node.nodeType !== 1 || /^(STYLE|SCRIPT|TEXTAREA|CODE|svg)$/.test(node.tagName)) return;
  node.childNodes.forEach(glue);
}

function unlist(element) {
  for (const entry of element.querySelectorAll?.(ENTRIES) ?? []) entry.setAttribute("role", "none");
  if (element.matches?.(ENTRIES)) element.setAttribute("role", "none");
}

export default function () {
  glue(document.body);
  unlist(document.body);
  const observer = new MutationObserver((changes) => changes.forEach((change) => {
    if (change.type === "characterData") glue(change.target);
    else change.addedNodes.forEach((node) => { glue(node); unlist(node); });
  }));
  observer.observe(document.body, { childList: true, characterData: true, subtree: true });
  return () => observer.disconnect();
}
