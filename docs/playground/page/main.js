// The page: whatever changes in the form is asked anew, and all that is told is shown.

import { Program } from "./wasi.js";
import { fromFragment, question, read, toFragment, unpacked, write } from "./state.js";
import { Editor, element, styled } from "./text.js";
import { shares } from "./shares.js";

const by = (id) => document.getElementById(id);
const form = by("form");
const editor = new Editor(by("policy"), by("lines"));
const examples = JSON.parse(by("examples").textContent);
const FIRST = "policy.yaml";

let program;
let answer;

function ask(extra = {}) {
  return JSON.parse(program.ask(JSON.stringify({ ...question(form), ...extra })));
}

function update() {
  try {
    answer = ask();
  } catch (error) {
    by("failure").textContent = `The page itself has failed: ${error.message}`;
    by("failure").hidden = false;
    throw error;
  }
  by("failure").hidden = true;
  editor.show(answer.checked.flatMap(({ findings }) => findings));
  by("findings").replaceChildren(...answer.checked.flatMap(findings));
  by("problems").replaceChildren(...answer.problems.map(({ problem }) => element("li", {}, problem)));
  by("story").replaceChildren(...styled(answer.explained?.text ?? ""));
  by("no-story").hidden = answer.explained !== null;
  const splits = answer.shares === null ? [] : shares(answer.shares, (slide) => ask({ slide }).slid);
  by("splits").replaceChildren(...splits);
  by("no-splits").hidden = splits.length > 0 || answer.shares === null;
  by("steps").replaceChildren(...(answer.shares?.steps ?? []).map((value) => element("option", { value })));
  by("change").replaceChildren(...styled(answer.changed?.text ?? ""));
  by("no-change").hidden = answer.changed !== null;
  several();
}

function findings({ policy, holds, findings }) {
  const told = findings.map(({ severity, place, problem, line, column }) => {
    const where = element("button", { type: "button" }, `${line}:${column}`);
    where.addEventListener("click", () => editor.go(line, column));
    const kind = element("span", { class: severity }, severity);
    const parts = [...(line === null ? [] : [where, " "]), kind, `: ${place}: ${problem}`];
    return element("li", {}, ...parts);
  });
  if (holds !== undefined) {
    const count = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;
    const verdict = findings.length === 0 ? "fine" : `accepted, ${count(findings.length, "remark")}`;
    const parts = `: ${count(holds.services, "service")}, ${count(holds.rules, "rule")}`;
    told.push(element("li", {}, `${policy}: `, element("span", { class: "good" }, verdict), parts));
  }
  return told;
}

// The choice among the policies of the text, where it has several.
function several() {
  by("several").hidden = answer.names.length < 2;
  const options = answer.names.map((name, index) => element("option", { value: index }, name));
  by("which").replaceChildren(...options);
  by("which").value = form.elements.number.value;
}

let shared;

// The address follows a while after the last change.
function share() {
  clearTimeout(shared);
  shared = setTimeout(async () => {
    history.replaceState(null, "", `#${await toFragment(read(form))}`);
  }, 300);
}

function changed() {
  update();
  share();
}

function show(state) {
  write(form, state);
  update();
}

async function fromAddress() {
  return (await fromFragment(location.hash.slice(1))) ?? { policy: examples[FIRST] };
}

async function begin() {
  program = new Program(await WebAssembly.compile(await unpacked(by("program").textContent)));
  by("example").append(...Object.keys(examples).map((name) => element("option", {}, name)));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    // Sliders, and what chooses for a field, have no name: they are no part of the question.
    if (target.name) changed();
  });
  by("example").addEventListener("change", ({ target }) => {
    if (target.value === "") return;
    form.elements.policy.value = examples[target.value];
    target.value = "";
    changed();
  });
  by("which").addEventListener("change", ({ target }) => {
    form.elements.number.value = target.value;
    changed();
  });
  by("keep").addEventListener("click", () => {
    form.elements.before.value = form.elements.policy.value;
    changed();
  });
  by("copy").addEventListener("click", async () => {
    const address = `${location.href.split("#")[0]}#${await toFragment(read(form))}`;
    history.replaceState(null, "", address);
    const copied = navigator.clipboard.writeText(address);
    const told = await copied.then(() => "copied", () => "it is in the address bar");
    by("copied").textContent = told;
  });
  addEventListener("hashchange", async () => show(await fromAddress()));
  show(await fromAddress());
  document.documentElement.dataset.ready = "";
}

// For the page's tests, and for whoever is curious.
window.playground = { show, answer: () => answer };
begin();
