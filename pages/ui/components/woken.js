// The first number is how it stands with the class now, the second how it stood when this part of the page was drawn.
const said = new WeakMap();
export default function ({ parentElement, data: [now, drawn], setTriggerValue }) {
  if (now === drawn || said.get(parentElement) === now) return;
  said.set(parentElement, now);
  setTriggerValue("woken", String(now));
}
