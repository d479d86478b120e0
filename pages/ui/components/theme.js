// The paper has the page's colour, and takes an instant to change it: so a change is told whoever made it, the menu
// or the evening.
export default function ({ parentElement, data: [data], setTriggerValue }) {
  const paper = parentElement.querySelector("span");
  paper.ontransitionend = () => {
    const [r, g, b] = getComputedStyle(paper).backgroundColor.match(/[\d.]+/g).map(Number);
    const mode = (r + g + b) / 3 < 128 ? "dark" : "light";
    if (mode !== data.mode) setTriggerValue("turned", mode);
  };
}
