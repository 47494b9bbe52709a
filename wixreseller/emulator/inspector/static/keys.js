// Everything that the keyboard does beyond Tab and Enter, and the dialog that says so.

import { h } from "./dom.js";

const KEYS = [
  ["1 … 5", "go to a view"],
  ["/", "search"],
  ["j or ↓", "next line of the list"],
  ["k or ↑", "line before"],
  ["Enter", "open the line"],
  ["Esc", "close what is open"],
  ["p", "pause the list, or let it go on"],
  ["?", "show this"],
];

export function helpButton() {
  return h(
    "button",
    {
      type: "button",
      class: "plain",
      onclick: help,
      "aria-label": "Keyboard shortcuts",
      title: "Keyboard shortcuts (?)",
    },
    h("kbd", {}, "?"),
  );
}

function help() {
  const dialog = h(
    "dialog",
    { "aria-labelledby": "help-title" },
    h("h2", { id: "help-title" }, "Keyboard"),
    h(
      "dl",
      { class: "facts" },
      KEYS.map(([key, what]) => [
        h(
          "dt",
          {},
          key.split(/( … | or )/).map((part, index) => (index % 2 ? part : h("kbd", {}, part))),
        ),
        h("dd", {}, what),
      ]),
    ),
    h(
      "div",
      { class: "row" },
      h("button", { type: "button", onclick: () => dialog.close(), autofocus: true }, "Close"),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function isTyping(element) {
  return element.closest("input, select, textarea, [contenteditable]") !== null;
}

function step(by) {
  const lines = [...document.querySelectorAll(".list a.line")];
  if (lines.length === 0) return;
  const at = lines.indexOf(document.activeElement);
  const current = at === -1 ? lines.findIndex((line) => line.hasAttribute("aria-current")) : at;
  lines[Math.min(lines.length - 1, Math.max(0, current + by))].focus();
}

export function keys(goTo, view) {
  const actions = {
    "/": () => document.querySelector("input[type=search]")?.focus(),
    "?": help,
    p: () => view().pause?.(),
    j: () => step(1),
    k: () => step(-1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]"))
      return;
    if (event.key === "Escape") {
      if (isTyping(event.target) && event.target.type === "search" && event.target.value) return;
      view().close?.();
      return;
    }
    if (isTyping(event.target)) return;
    const isOnList = event.target.closest(".list") !== null;
    const arrows = isOnList ? { ArrowDown: actions.j, ArrowUp: actions.k } : {};
    const action = actions[event.key] ?? arrows[event.key] ?? goTo[Number(event.key) - 1];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
