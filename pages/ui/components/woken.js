// The first number is how it stands with the class now, the second how it stood when this part of the page was drawn.
// Of two parts that are woken in the same moment Streamlit may run one alone: who is not drawn anew asks again.
const AGAIN = 700, TIMES = 4;
const states = new WeakMap();
export default function ({ parentElement, data: [now, drawn], setTriggerValue }) {
  const state = states.get(parentElement) ?? {};
  states.set(parentElement, state);
  if (now === drawn) { clearTimeout(state.timer); state.now = null; return; }
  if (state.now === now) return;
  state.now = now;
  const ask = (left) => {
    setTriggerValue("woken", String(now));
    clearTimeout(state.timer);
    if (left > 0) state.timer = setTimeout(() => { if (parentElement.isConnected && state.now === now) ask(left - 1); }, AGAIN);
  };
  ask(TIMES);
}
