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
export default function ({ parentElement }) {
  const button = parentElement.querySelector("button"), word = parentElement.querySelector("span");
  button.onclick = async () => {
    word.textContent = (await copy(location.href)) ? "Copied" : "Not allowed";
    clearTimeout(button.timer);
    button.timer = setTimeout(() => { word.textContent = "Copy link"; }, 2000);
  };
  return () => clearTimeout(button.timer);
}
