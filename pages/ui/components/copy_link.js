// A page served without https may not use the clipboard: there the old way still works.
const copy = async (text) => {
  try { await navigator.clipboard.writeText(text); return true; } catch { /* the old way */ }
  const field = document.createElement("textarea");
  field.value = text;
  field.style.position = "fixed";
  field.style.opacity = "0";
  document.body.append(field);
  field.select();
  try { return document.execCommand("copy"); } finally { field.remove(); }
};
// Without a text of its own it copies the page's address.
export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button"), word = parentElement.querySelector("span");
  const { text = null, label = "Copy link" } = data?.[0] ?? {};
  word.textContent = label;
  button.onclick = async () => {
    word.textContent = (await copy(text ?? location.href)) ? "Copied" : "Not allowed";
    clearTimeout(button.timer);
    button.timer = setTimeout(() => { word.textContent = label; }, 2000);
  };
  return () => clearTimeout(button.timer);
}
