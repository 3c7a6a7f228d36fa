// Predict: a question; a guess that is locked in; then the answer beside it.

import { button, element, put, sorry, spoken, svg, watch } from "./page.js";

/** A number with as many decimals as it needs, six at most. */
function numberSaid(value) {
  return value.toFixed(6).replace(/0+$/, "").replace(/\.$/, "");
}

/** A choice or a number, with its unit. */
function valueSaid(model, value) {
  if (typeof value === "string") return value;
  return `${numberSaid(value)} ${model.get("unit")}`.trim();
}

/** The answer and the reason; read only when they are to be shown. */
function unsealed(model) {
  return JSON.parse(new TextDecoder().decode(model.get("sealed")));
}

function verdictOn(model, guess, answer) {
  if (guess === answer) return "Right.";
  if (typeof guess === "string") return "Not this time.";
  return `Off by ${valueSaid(model, Math.abs(guess - answer))}.`;
}

/** The same words as Python's `words`. */
function words(model) {
  const [options, guess] = [model.get("options"), model.get("guess")];
  const asks = options.length ? `Choose one: ${options.join("; ")}.`
    : `A number from ${numberSaid(model.get("low"))} to ${valueSaid(model, model.get("high"))}.`;
  const text = `${model.get("question")} ${asks}`;
  if (guess === null) return `${text} No guess yet.`;
  const mine = `${text} Your guess: ${valueSaid(model, guess)}.`;
  if (!model.get("revealed")) return `${mine} The answer is not shown yet.`;
  const { answer, why } = unsealed(model);
  const verdict = verdictOn(model, guess, answer);
  return `${mine} The answer: ${valueSaid(model, answer)}. ${verdict} ${why}`.trim();
}

/** Text in which `code` stands between backticks. */
function withCode(text) {
  return text.split("`").map((part, n) => (n % 2 ? element("code", {}, part) : part));
}

/** Radio buttons, or a field for a number; `value()` is null where nothing is said. */
function answerSheet(model, changed) {
  const options = model.get("options");
  if (!options.length) return numberField(model, changed);
  const group = `ifcn-guess-${Math.random().toString(36).slice(2)}`;
  const inputs = options.map((value) => element("input", {
    type: "radio", name: group, value, onchange: changed }));
  const labels = inputs.map((input, n) =>
    element("label", {}, input, element("span", {}, ...withCode(options[n]))));
  return {
    inputs,
    root: element("fieldset", { class: "ifcn-options" },
      element("legend", {}, ...withCode(model.get("question"))), ...labels),
    value: () => inputs.find((input) => input.checked)?.value ?? null,
    show: (guess) => { for (const each of inputs) each.checked = each.value === guess; },
  };
}

function numberField(model, changed) {
  const [low, high] = [model.get("low"), model.get("high")];
  const input = element("input", { type: "number", min: low, max: high, step: "any",
                                   inputmode: "decimal", oninput: changed });
  const range = `from ${numberSaid(low)} to ${valueSaid(model, high)}`;
  return {
    inputs: [input],
    root: element("div", { class: "ifcn-options" },
      element("label", { class: "ifcn-number" },
        element("span", { class: "ifcn-asked" }, ...withCode(model.get("question"))),
        element("span", {}, input, ` ${model.get("unit")} `,
          element("small", {}, `(${range})`)))),
    value: () => (input.value !== "" && input.validity.valid ? Number(input.value) : null),
    show: (guess) => { if (guess !== null) input.value = String(guess); },
  };
}

/** A line from the least to the most, the guess and the answer on it. */
function numberLine(model, guess, answer) {
  const [low, high] = [model.get("low"), model.get("high")];
  const at = (value) => 12 + (396 * (value - low)) / (high - low || 1);
  const line = svg("svg", { viewBox: "0 0 420 34", class: "ifcn-line",
                            "aria-hidden": "true" });
  line.append(
    svg("path", { d: "M12 17H408M12 11V23M408 11V23", class: "ifcn-axis" }),
    svg("path", { d: `M${at(guess)} 17H${at(answer)}`, class: "ifcn-gap" }),
    svg("circle", { cx: at(guess), cy: 17, r: 6, class: "ifcn-mine" }),
    svg("path", { d: `M${at(answer)} 8l7 9l-7 9l-7 -9Z`, class: "ifcn-truth" }));
  return line;
}

/** Guess and answer side by side, then the reason. */
function outcome(model) {
  const guess = model.get("guess");
  const { answer, why } = unsealed(model);
  const pair = (name, kind, value) => element("div", { class: kind },
    element("dt", {}, name), element("dd", {}, ...withCode(valueSaid(model, value))));
  const parts = [element("dl", {}, pair("Your guess", "ifcn-mine", guess),
                         pair("The answer", "ifcn-truth", answer))];
  if (typeof guess === "number") parts.push(numberLine(model, guess, answer));
  parts.push(element("p", {}, element("strong", {}, verdictOn(model, guess, answer)),
                     " ", ...withCode(why)));
  return parts;
}

export function render({ model, el }) {
  if (sorry(model, el)) return undefined;
  const heard = spoken();
  heard.root.classList.add("ifcn-unseen"); // what is seen says the same
  const lockIn = () => {
    const value = sheet.value();
    if (value === null || model.get("guess") !== null) return;
    put(model, { guess: value });
    reveal.focus();
  };
  const lock = button("Lock in my guess", lockIn);
  const reveal = button("Reveal", () => {
    put(model, { revealed: true });
    result.focus();
  });
  const sheet = answerSheet(model, () => paint());
  const result = element("div", { class: "ifcn-result", tabindex: -1, role: "group",
                                  "aria-label": "Guess and answer" });
  sheet.root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) lockIn();
  });
  const root = element("div", { class: "ifcn ifcn-quiz", role: "group",
                                "aria-label": "Predict" },
    sheet.root, element("div", { class: "ifcn-controls" }, lock, reveal), result,
    heard.root);
  el.append(root);

  const paint = () => {
    const [guess, revealed] = [model.get("guess"), model.get("revealed")];
    const locked = guess !== null;
    if (locked) sheet.show(guess);
    for (const input of sheet.inputs) input.disabled = locked;
    lock.disabled = locked || sheet.value() === null;
    reveal.disabled = !locked || revealed;
    result.hidden = !(locked && revealed);
    result.replaceChildren(...(result.hidden ? [] : outcome(model)));
    heard.say(words(model));
    root.dataset.drawn = `${guess},${revealed}`;
  };
  const unwatch = watch(model, ["guess", "revealed"], paint);
  paint();
  return unwatch;
}
