// The buckets of each split as a bar, the user's place on it, and a slider for each target.

import { element, grouped, styled } from "./text.js";

const SCALE = 100_000;
const COLOURS = 6;

// `ask` is told a slide, and gives what the policy would be.
export function shares(told, ask) {
  return told.splits.map((split) => new Shown(split, told, ask).element);
}

class Shown {
  element;
  #split;
  #bar;
  #verdict;
  #change;
  #ask;

  constructor(split, told, ask) {
    this.#split = split;
    this.#ask = ask;
    this.#bar = element("div", { class: "bars" });
    this.#verdict = element("p", { class: "verdict", role: "status" });
    this.#change = element("pre", { class: "told" });
    const title = `${split.service} / ${split.rule}`;
    this.element = element("section", { class: "split" }, element("h3", {}, title), this.#bar);
    this.#bar.append(this.#row(split.slices));
    if (split.later) {
      const later = element("p", { class: "caption" }, `at ${told.later}`);
      this.element.append(later, this.#row(split.later));
    }
    const sliders = split.targets.map((version, target) => this.#slider(version, target));
    this.element.append(this.#legend(), ...sliders, this.#verdict, this.#change);
    this.#tell(split.slices);
  }

  // The versions, the baseline first, so that each keeps its colour.
  #versions() {
    return [...new Set([this.#split.baseline, ...this.#split.targets])];
  }

  #colour(version) {
    return `colour-${this.#versions().indexOf(version) % COLOURS}`;
  }

  #row(slices) {
    const parts = slices.map((slice) => {
      const size = slice.last - slice.first + 1;
      const text = `${slice.version}: ${grouped(slice.first)} to ${grouped(slice.last)}, ${size / 1000} %`;
      const part = element("span", { class: `part ${this.#colour(slice.version)}`, title: text });
      part.style.flexGrow = size;
      if (size >= SCALE / 12) part.append(`${slice.version} ${size / 1000} %`);
      return part;
    });
    const told = slices.map((slice) => {
      return `${slice.version}: buckets ${grouped(slice.first)} to ${grouped(slice.last)}`;
    });
    const row = element("div", { class: "row", role: "img", "aria-label": told.join("; ") }, ...parts);
    if (this.#split.bucket !== null) {
      const user = element("span", { class: "user", title: `bucket ${grouped(this.#split.bucket)}` });
      user.style.left = `${((this.#split.bucket + 0.5) / SCALE) * 100}%`;
      row.append(user);
    }
    return row;
  }

  #legend() {
    const entries = this.#versions().map((version) => {
      return element("li", {}, element("span", { class: `swatch ${this.#colour(version)}` }), version);
    });
    const scale = element("p", { class: "scale", "aria-hidden": "true" });
    scale.append(...["0", "25,000", "50,000", "75,000", "99,999"].map((at) => element("span", {}, at)));
    return element("div", {}, scale, element("ul", { class: "legend" }, ...entries));
  }

  #slider(version, target) {
    const share = this.#split.slices.filter((slice) => slice.version === version);
    const percent = share.reduce((sum, slice) => sum + slice.last - slice.first + 1, 0) / 1000;
    const place = `${this.#split.service} / ${this.#split.rule}: ${version}`;
    const range = { type: "range", min: 0, max: 100, step: 0.1, value: percent };
    const slider = element("input", { ...range, "aria-label": `${place}, percent, slides` });
    const number = element("input", {
      ...range, type: "number", step: 0.001, "aria-label": `${place}, percent`,
    });
    const slide = (from, to) => {
      to.value = from.value;
      this.#slide(target, Number(from.value));
    };
    slider.addEventListener("input", () => slide(slider, number));
    number.addEventListener("input", () => slide(number, slider));
    return element("div", { class: "slider" }, element("span", {}, version), slider, number, "%");
  }

  #slide(target, percent) {
    const slid = this.#ask({ place: this.#split.place, target, percent });
    if (slid.problem !== null) {
      this.#verdict.replaceChildren(element("span", { class: "bad" }, slid.problem));
      this.#change.replaceChildren();
      return;
    }
    this.#bar.replaceChildren(this.#row(slid.slices));
    this.#tell(slid.slices);
    this.#change.replaceChildren(...styled(slid.text));
  }

  #tell(slices) {
    const { bucket } = this.#split;
    const own = slices.find(({ first, last }) => first <= bucket && bucket <= last);
    if (bucket === null) {
      this.#verdict.replaceChildren("The request has none of the keys, so nobody is on this line.");
      return;
    }
    const version = element("strong", {}, own.version);
    this.#verdict.replaceChildren(`This user is in bucket ${grouped(bucket)}: `, version);
  }
}
