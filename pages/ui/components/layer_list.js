// Rows are kept and only their words change, so that the keyboard's focus stays where it is after each edit.
const make = (tag, name, inside = []) => {
  const node = document.createElement(tag);
  node.className = name;
  node.append(...inside);
  return node;
};
const newRow = (fixed) => {
  const row = make(fixed ? "div" : "button", "row", [
    make("span", "block"),
    make("span", "text", [make("span", "name"), make("span", "settings")]),
    make("span", "numbers", [make("span", "shape"), make("span", "parameters")]),
  ]);
  if (!fixed) row.type = "button";
  return make("li", "", [row]);
};
const say = (row, name, text, hint) => {
  const node = row.querySelector("." + name);
  if (node.textContent !== text) node.textContent = text;
  if (hint && node.title !== text) node.title = text;
};

export default function ({ parentElement, data: [data], setTriggerValue }) {
  const list = parentElement.querySelector("ol");
  data.rows.forEach((said, i) => {
    let item = list.children[i];
    if (!item) list.append(item = newRow(said.fixed));
    const row = item.firstElementChild, block = row.firstElementChild;
    block.style.width = said.width + "px";
    block.style.height = said.height + "px";
    say(row, "name", said.name, true);
    say(row, "settings", said.settings, true);
    say(row, "shape", said.shape);
    say(row, "parameters", said.parameters);
    row.className = "row " + said.state;
    if (said.fixed) return;
    const index = i - 1;
    row.setAttribute("aria-pressed", String(index === data.selected));
    row.setAttribute("aria-label", said.label);
    row.onclick = () => {
      const open = row.getAttribute("aria-pressed") !== "true";
      for (const other of list.querySelectorAll("button.row")) other.setAttribute("aria-pressed", "false");
      row.setAttribute("aria-pressed", String(open));
      setTriggerValue("choice", open ? index : -1);
    };
    row.onkeydown = (event) => {
      const to = { ArrowUp: i - 1, ArrowDown: i + 1, Home: 1, End: data.rows.length - 1 }[event.key];
      const next = to === undefined ? null : list.children[to]?.querySelector("button");
      if (next) { next.focus(); event.preventDefault(); }
    };
  });
  while (list.children.length > data.rows.length) list.lastElementChild.remove();
}
