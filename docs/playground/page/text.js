// Texts of the program on the page: with the styles that a terminal would show.

// The command line's styles, by the numbers of their escape sequences.
const STYLES = { 1: "bold", 2: "dim", 31: "bad", 32: "good", 33: "warn" };

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== null) made.setAttribute(attribute, value);
  }
  made.append(...children);
  return made;
}

// Text with escape sequences, as spans.
export function styled(text) {
  const made = [];
  let classes = [];
  for (const part of text.split(/(\x1b\[[0-9;]*m)/)) {
    const codes = part.match(/^\x1b\[([0-9;]*)m$/);
    if (codes === null) {
      if (part === "") continue;
      const plain = classes.length === 0;
      made.push(plain ? part : element("span", { class: classes.join(" ") }, part));
    } else {
      const names = codes[1].split(";").map((code) => STYLES[code]);
      // What has no style here is the end of one.
      classes = names.some((name) => name === undefined) ? [] : [...classes, ...names];
    }
  }
  return made;
}

export function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

// What stands in a field, line for line, with what was found in it.
export class Editor {
  #field;
  #lines;

  constructor(field, lines) {
    this.#field = field;
    this.#lines = lines;
    field.addEventListener("scroll", () => this.#scroll());
  }

  // Findings of the program: each marks its line.
  show(findings) {
    const worst = new Map();
    for (const { line, severity, problem } of findings) {
      if (line === null) continue;
      const told = worst.get(line);
      const text = told === undefined ? problem : `${told.text}\n${problem}`;
      worst.set(line, { severity: told?.severity === "error" ? "error" : severity, text });
    }
    const rows = this.#field.value.split("\n").map((_, index) => {
      const found = worst.get(index + 1);
      const attributes = { class: found?.severity ?? null, title: found?.text ?? null };
      return element("li", attributes, String(index + 1));
    });
    this.#lines.replaceChildren(...rows);
    this.#scroll();
  }

  // Puts the cursor on a line and a column, both from 1.
  go(line, column) {
    const before = this.#field.value.split("\n").slice(0, line - 1);
    const begin = before.reduce((length, text) => length + text.length + 1, 0);
    const end = this.#field.value.indexOf("\n", begin);
    this.#field.focus();
    this.#field.setSelectionRange(
      begin + (column ?? 1) - 1,
      end === -1 ? this.#field.value.length : end,
    );
    this.#field.scrollTop = (line - 4) * parseFloat(getComputedStyle(this.#field).lineHeight);
  }

  #scroll() {
    this.#lines.scrollTop = this.#field.scrollTop;
  }
}
