// Figures of a flipbook that are no pictures; in front of flipbook.js. Built once for each book, then only changed.
function figureOf(figure) {
  const box = document.createElement("div");
  box.className = "figure";
  box.innerHTML = '<div class="name"></div><div role="img"></div>';
  (figure.kind === "matrix" ? buildMatrix : buildDots)(box.lastChild, figure);
  return box;
}
function drawFigure(box, figure, at, told) {
  write(box.firstChild, figure.title);
  put(box.lastChild, "aria-label", `${figure.title}: ${told}`);
  (figure.kind === "matrix" ? drawMatrix : drawDots)(box.lastChild, figure, at);
}
function cell(kind, text) {
  const one = document.createElement("span");
  one.className = kind;
  one.textContent = text ?? "";
  return one;
}

// Who is taken for whom: a row for each class, and at its end how much of it is right.
function buildMatrix(root, { rows, columns, head }) {
  const size = rows.length;
  root.className = size > 20 ? "matrix many" : "matrix";
  root.style.gridTemplateColumns = `auto repeat(${size}, minmax(0, 1fr)) minmax(84px, 18%)`;
  root.append(cell("side"), ...columns.map((name) => cell("top", name)), cell("top right", head));
  rows.forEach((name, row) => {
    root.append(cell("side", name));
    for (let column = 0; column < size; column++) root.append(cell(row === column ? "cell same" : "cell"));
    const share = cell("share");
    share.append(document.createElement("i"), document.createElement("b"));
    root.append(share);
  });
}
function drawMatrix(root, { rows, counts, shares }, at) {
  const cells = root.querySelectorAll(".cell"), bars = root.querySelectorAll(".share"), size = rows.length;
  rows.forEach((_, row) => {
    const line = counts[at].slice(row * size, (row + 1) * size), all = line.reduce((sum, n) => sum + n, 0);
    line.forEach((count, column) => {
      const one = cells[row * size + column];
      write(one, count ? String(count) : "");
      if (row === column) return;
      // By its root: three of a hundred are still to be seen.
      const depth = all ? Math.sqrt(count / all) : 0;
      one.style.setProperty("--depth", `${Math.round(100 * depth)}%`);
      one.classList.toggle("deep", depth > 0.6);
    });
    const share = shares[at][row];
    bars[row].firstChild.style.width = `calc((100% - 3.6em) * ${(share ?? 0) / 100})`;  // beside it "100 %" has room
    write(bars[row].lastChild, share === null ? "–" : `${Math.round(share)} %`);
  });
}

// Where images lie: each is written as its class at its place, in the colour for what is wrong where it is read wrongly.
function buildDots(root, { words }) {
  root.className = "plane";
  root.append(...words.map((word) => cell("sign", word)));
}
function drawDots(root, { places, colours, wrong, colourOfWrong }, at) {
  [...root.children].forEach((one, i) => {
    const [x, y] = places[at][i], isWrong = Boolean(wrong[at][i]);
    one.style.left = `${2 + 96 * x}%`;
    one.style.top = `${2 + 96 * y}%`;
    one.style.color = isWrong ? colourOfWrong : colours[i];
    one.classList.toggle("wrong", isWrong);
  });
}
