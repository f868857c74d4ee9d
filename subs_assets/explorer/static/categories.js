// Lines between two trees: from each mapping that is named in the left one to its target in the right one; what is
// folded is spoken for by the branch that is seen. Without this script each mapping is named all the same.
"use strict";

const WIDEST = 7;
const SVG = "http://www.w3.org/2000/svg";

function seen(node) {
  let shown = node;
  for (let fold = node.parentElement.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    if (!fold.open) { shown = fold.closest(".node"); }
  }
  return shown;
}

function line(node) {
  return node.querySelector(":scope > .line").getBoundingClientRect();
}

function gathered(trees) {
  const lines = new Map();
  trees.querySelectorAll(".target[data-status=accepted]").forEach((target) => {
    const from = seen(target.closest(".node"));
    if (!from.offsetParent) { return; }
    const to = seen(document.getElementById(target.dataset.to));
    const targets = lines.get(from) || new Map();
    const one = targets.get(to) || { from, to, relations: new Set(), mappings: 0 };
    one.relations.add(target.dataset.relation);
    one.mappings += 1;
    lines.set(from, targets.set(to, one));
  });
  return [...lines.values()].flatMap((targets) => [...targets.values()]);
}

function draw(trees, picture) {
  picture.replaceChildren();
  if (!picture.getBoundingClientRect().width) { return; }
  gathered(trees).forEach((one) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("stroke-width", String(Math.min(1 + Math.log2(one.mappings), WIDEST)));
    path.setAttribute("class", `line-${one.relations.size === 1 ? [...one.relations][0] : "several"}`);
    path.ends = [one.from, one.to];
    picture.append(path);
  });
  place(trees, picture);
}

// The right tree stays in the window and scrolls in itself: a line to what it has scrolled away ends at its edge.
function place(trees, picture) {
  const space = picture.getBoundingClientRect();
  const there = trees.querySelector(".there").getBoundingClientRect();
  const middle = space.width / 2;
  const drawn = [...picture.children].map((path) => {
    const [start, end] = path.ends.map(line).map((box) => box.top + Math.min(box.height / 2, 14));
    const inside = Math.min(Math.max(end, there.top), there.bottom);
    return [path, start - space.top, inside - space.top];
  });
  drawn.forEach(([path, start, end]) => {
    path.setAttribute("d", `M0 ${start} C${middle} ${start} ${middle} ${end} ${space.width} ${end}`);
  });
}

function point(picture, node) {
  document.querySelectorAll(".pointed-at").forEach((one) => one.classList.remove("pointed-at"));
  const touched = node ? [...picture.children].filter((path) => path.ends.includes(seen(node))) : [];
  picture.classList.toggle("pointing", touched.length > 0);
  [...picture.children].forEach((path) => path.classList.toggle("pointed", touched.includes(path)));
  touched.forEach((path) => path.ends.forEach((end) => end.classList.add("pointed-at")));
}

const trees = document.getElementById("trees");
if (trees) {
  const picture = trees.querySelector(".lines");
  const again = () => draw(trees, picture);
  trees.classList.add("with-lines");
  new ResizeObserver(again).observe(trees);
  trees.addEventListener("toggle", again, true);
  trees.addEventListener("change", again);
  document.addEventListener("scroll", () => requestAnimationFrame(() => place(trees, picture)), { capture: true, passive: true });
  for (const event of ["mouseover", "focusin"]) {
    trees.addEventListener(event, (happened) => point(picture, happened.target.closest(".node")));
  }
  trees.addEventListener("mouseleave", () => point(picture, null));
}
