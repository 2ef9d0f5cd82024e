// What of the page can be measured, as one value; every group of rows is open for it.
(() => {
  document.querySelectorAll("details").forEach((group) => { group.open = true; });
  const box = (element) => element.getBoundingClientRect();
  const isShown = (element) => box(element).width > 0 && box(element).height > 0;
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const isClear = (colour) => colour === "none" || (numbers(colour)[3] ?? 1) === 0;
  const luminance = (colour) => {
    const [red, green, blue] = numbers(colour).map((byte) => {
      const part = byte / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [less, more] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (more + 0.05) / (less + 0.05);
  };
  // A figure in a file of its own lies on its own paper.
  const paper = document.querySelector("rect.paper");
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!isClear(colour)) return colour;
    }
    return paper ? getComputedStyle(paper).fill : "rgb(255, 255, 255)";
  };
  const texts = [];
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    const isRead = !["SCRIPT", "STYLE", "TITLE"].includes(element.tagName.toUpperCase());
    if (node.textContent.trim() && isRead && isShown(element)) texts.push([node, element]);
  }
  const rectangles = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()];
  };
  const isOutside = ([node, element]) => {
    const around = element.closest("svg.figure:not(svg svg)");
    const scrolls = element.closest(".scrolls");
    const [left, right] = around
      ? [box(around).left, box(around).right]
      : [0, scrolls ? Infinity : innerWidth];
    return rectangles(node).some((own) => own.left < left - 0.5 || own.right > right + 0.5);
  };
  const labels = texts.filter(([, element]) => element.closest("svg"));
  const isOnAnother = ([node, element]) => labels.some(([other, owner]) => {
    if (other === node || element.closest("svg") !== owner.closest("svg")) return false;
    const [one, two] = [box(element), box(owner)];
    return one.left < two.right - 1 && two.left < one.right - 1
      && one.top < two.bottom - 3 && two.top < one.bottom - 3;
  });
  const told = ([node]) => node.textContent.trim().slice(0, 60);
  const contrasts = texts.map((text) => {
    const style = getComputedStyle(text[1]);
    const colour = text[1].closest("svg") ? style.fill : style.color;
    return { ratio: contrast(colour, ground(text[1])), text: told(text) };
  });
  const all = (within, what) => [...within.querySelectorAll(what)];
  const figures = all(document, "svg.figure:not(svg svg)").filter(isShown).map((figure) => ({
    name: figure.closest("section")?.id ?? "",
    width: box(figure).width,
    height: box(figure).height,
    label: figure.getAttribute("aria-label") ?? figure.querySelector("title")?.textContent ?? "",
    shares: all(figure, "g.share").map((share) => all(share, "text").map((text) => text.textContent.trim())),
    dots: all(figure, "g.observed circle").map((dot) => Number(dot.getAttribute("cy"))),
    grid: all(figure, "line.grid").map((line) => Number(line.getAttribute("y1"))),
    squares: Object.fromEntries(all(figure, "path.square").map((path) =>
      [path.classList[1], path.getAttribute("d").split("M").length - 1])),
  }));
  return {
    figures,
    outside: texts.filter(isOutside).map(told),
    overlapping: labels.filter(isOnAnother).map(told),
    scrolls: document.documentElement.scrollWidth > innerWidth,
    contrast: contrasts.reduce((least, own) => (own.ratio < least.ratio ? own : least)),
    ground: luminance(ground(document.body ?? document.documentElement)),
    rows: all(document, "details").flatMap((group) => all(group, "tbody tr").map((row) =>
      [group.dataset.check, ...[...row.cells].map((cell) => cell.textContent)])),
    quantiles: all(document, "#latency td.number").map((cell) => cell.textContent),
  };
})()
