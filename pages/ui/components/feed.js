// What is new, for the component of that key: it is told by an event, so that its own sources are not sent again.
export default function ({ data: [news, key, at] }) {
  (window.convscopeFeeds ??= {})[key] = { news, at };
  window.dispatchEvent(new Event(`convscope-feed-${key}`));
}
