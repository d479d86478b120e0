// The first number is how it stands with the class now, the second how it stood when this part of the page was drawn.
// Two parts that tell in one moment go to the server as one message, which names one of them alone: so each waits a
// moment of its own, and tells again, less and less often, until it is drawn anew.
const FIRST = 100;  // milliseconds within which it tells
const AGAIN = 1500;  // after which it tells again; doubled each time
const waiting = new WeakMap();
export default function ({ parentElement, data: [now, drawn], setTriggerValue }) {
  clearTimeout(waiting.get(parentElement));
  if (now === drawn) return;
  const tell = (again) => {
    if (!parentElement.isConnected) return;
    setTriggerValue("woken", String(now));
    waiting.set(parentElement, setTimeout(tell, again, 2 * again));
  };
  waiting.set(parentElement, setTimeout(tell, FIRST * Math.random(), AGAIN));
}
