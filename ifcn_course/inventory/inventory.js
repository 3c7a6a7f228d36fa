// Inventory: ten questions, one after the other or all at once, and a file to hand in.

import { button, element, put, sorry, spoken, watch } from "./page.js";

/** Right letters and reasons; there are none before the course. */
function reasons(model) {
  const bytes = model.get("sealed");
  return bytes?.byteLength ? JSON.parse(new TextDecoder().decode(bytes)) : null;
}

/** Six letters and digits, drawn at random. */
function newCode(letters) {
  const drawn = [];
  while (drawn.length < 6) {
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < 256 - (256 % letters.length)) drawn.push(letters[byte % letters.length]);
  }
  return drawn.join("");
}

/** A code as it was typed, in the form it is kept in; null if it is none. */
function codeTyped(text, letters) {
  const code = text.replace(/\s/g, "").toUpperCase();
  return code.length === 6 && [...code].every((each) => letters.includes(each)) ? code : null;
}

/** The file, the same as Python writes. */
function fileOf(model) {
  const rows = model.get("asked").map(({ name }) =>
    [model.get("code"), model.get("when"), name, model.get("chosen")[name] ?? ""]);
  return [["code", "when", "question", "answer"], ...rows]
    .map((row) => `${row.join(",")}\n`).join("");
}

function offer(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** The same words as Python's `words`. */
function words(model) {
  const [asked, chosen] = [model.get("asked"), model.get("chosen")];
  const text = `Ten questions, ${model.get("when")} the course: `
    + `${Object.keys(chosen).length} of ${asked.length} answered.`;
  if (!model.get("done")) return text;
  const truth = reasons(model);
  const right = truth
    ? ` ${asked.filter(({ name }) => chosen[name] === truth[name].right).length} right.` : "";
  return `${text}${right} Done. Your code is ${model.get("code")}.`;
}

/** One question as a group of radio buttons; `settle` shows what was chosen and why. */
class Question {
  constructor(model, { name, ask, options }, number) {
    Object.assign(this, { model, name });
    const group = `ifcn-${name}-${Math.random().toString(36).slice(2)}`;
    this.rows = options.map(([letter, text]) => {
      const input = element("input", { type: "radio", name: group, value: letter,
                                       onchange: () => this.choose(letter) });
      const mark = element("strong", { class: "ifcn-mark" });
      const why = element("div", { class: "ifcn-why" });
      const label = element("label", {}, input, element("span", {}, text, mark));
      return { letter, input, mark, why, label };
    });
    this.heading = element("legend", { tabindex: -1 }, `${number}. ${ask}`);
    this.root = element("fieldset", { class: "ifcn-options" }, this.heading,
      ...this.rows.flatMap(({ label, why }) => [label, why]));
  }

  choose(letter) {
    put(this.model, { chosen: { ...this.model.get("chosen"), [this.name]: letter } });
  }

  settle(done, truth) {
    const mine = this.model.get("chosen")[this.name];
    for (const { letter, input, mark, why, label } of this.rows) {
      const right = truth?.[this.name].right === letter;
      const shown = done && truth && (right || letter === mine);
      input.checked = letter === mine;
      input.disabled = done;
      label.classList.toggle("ifcn-right", Boolean(shown && right));
      mark.textContent = !shown ? "" : right && letter === mine ? " (right, your answer)"
        : right ? " (right)" : " (your answer)";
      why.textContent = shown ? truth[this.name].why[letter] : "";
      why.hidden = !shown;
    }
  }
}

/** Where the code from before is typed; empty if it was lost, or is not asked for. */
function codeField(model, problem) {
  const input = element("input", { type: "text", size: 8, maxlength: 12,
                                   autocomplete: "off", spellcheck: "false",
                                   "aria-describedby": problem.id });
  const root = element("label", { class: "ifcn-code" },
    "Your code from before the course (empty if you have none): ", input);
  root.hidden = model.get("when") !== "after";
  return { root, input };
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const heard = spoken();
  const all = model.get("asked").map((each, n) => new Question(model, each, n + 1));
  const problem = element("p", { class: "ifcn-note ifcn-long", role: "alert",
    id: `ifcn-code-${Math.random().toString(36).slice(2)}` });
  const field = codeField(model, problem);
  let at = 0;

  const go = (by) => {
    at = Math.min(all.length - 1, Math.max(0, at + by));
    paint();
    all[at].heading.focus();
  };
  const finish = () => {
    const typed = field.input.value.trim();
    const code = typed ? codeTyped(typed, model.get("letters"))
      : model.get("code") || newCode(model.get("letters"));
    problem.textContent = code ? "" : `“${typed}” is no code. A code has six letters and `
      + "digits, for instance K7QM2P. Leave the field empty if you have none.";
    if (!code) { field.input.focus(); return; }
    put(model, { code, done: true });
    outcome.focus();
  };
  const back = button("Back", () => go(-1));
  const next = button("Next", () => go(1));
  const done = button("I am done", finish);
  const save = button("Save my answers (CSV)", () =>
    offer(`inventory-${model.get("when")}-${model.get("code")}.csv`, fileOf(model)));
  const outcome = element("div", { class: "ifcn-result", tabindex: -1, role: "group",
                                   "aria-label": "What to do now" });
  const controls = element("div", { class: "ifcn-controls" }, back, next, done, save);
  const root = element("div", { class: "ifcn ifcn-quiz ifcn-inventory", role: "group",
                                "aria-label": "Inventory" },
    ...all.map((each) => each.root), field.root, problem, controls, outcome, heard.root);
  el.append(root);

  const told = () => {
    const after = model.get("when") === "after";
    const code = element("strong", {}, model.get("code"));
    return [element("p", {}, "Your code is ", code, ". ", after
      ? "It links these answers to those from before the course. "
      : "Write it down: after the course you are asked for it. ",
      "The file holds the code and your answers, no name and no time."),
    element("p", {}, after ? "Right answers and reasons stand at the questions."
      : "Answers are not shown now. You will find them out, and be asked again at the end.")];
  };
  const paint = () => {
    const finished = model.get("done");
    const open = model.get("whole") || (finished && model.get("when") === "after");
    const truth = finished ? reasons(model) : null;
    all.forEach((each, n) => {
      each.settle(finished, truth);
      each.root.hidden = !open && (n !== at || finished);
    });
    for (const each of [back, next]) each.hidden = open || finished;
    back.disabled = at === 0;
    next.disabled = at === all.length - 1;
    done.hidden = finished || !(open || at === all.length - 1);
    done.disabled = Object.keys(model.get("chosen")).length === 0;
    field.root.hidden = finished || model.get("when") !== "after"
      || !(open || at === all.length - 1);
    save.hidden = outcome.hidden = !finished;
    outcome.replaceChildren(...(finished ? told() : []));
    heard.say(words(model));
    root.dataset.drawn = `${at},${finished}`;
  };
  const unwatch = watch(model, ["chosen", "done"], paint);
  paint();
  return unwatch;
}
