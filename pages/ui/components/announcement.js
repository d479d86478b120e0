// A live region speaks only what changes in it: it is made once, and its words are exchanged.
export default function ({ parentElement, data: [data] }) {
  const region = parentElement.querySelector("[aria-live]");
  if (region.textContent !== data.words) region.textContent = data.words;
}
