// A teacher's key stands behind the address's #, which is sent to nobody. It is taken out before anything else, so that
// no link that is copied has it, and told to the server by the page's own connection.
const KEY = /(?:^|&)key=([\w.-]{1,100})/;
const taken = new Set();
export default function ({ setTriggerValue }) {
  const take = (hash) => {
    const key = KEY.exec(hash.replace(/^#/, ""))?.[1];
    if (!key || taken.has(key)) return;
    taken.add(key);
    if (location.hash) history.replaceState(history.state, "", location.pathname + location.search);
    setTriggerValue("key", key);
  };
  const look = () => take(location.hash);
  look();
  // Streamlit writes the address anew without what is behind its #, where it has something to say in it first.
  take(new URL(performance.getEntriesByType("navigation")[0]?.name ?? location.href).hash);
  window.addEventListener("hashchange", look);
  return () => window.removeEventListener("hashchange", look);
}
