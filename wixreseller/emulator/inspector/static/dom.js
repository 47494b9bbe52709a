// Make elements. Whatever comes from data becomes a text node: nothing here parses markup.

const FEW = 12;

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...present(children));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...present(children));
  return element;
}

function present(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

// Bring the children of a list in line with items, and keep the elements (and with them the
// focus) of those that stay. What is new or has changed is marked for a moment.
export function reconcile(list, items, keyOf, build) {
  const known = list.known ?? new Map();
  const next = new Map();
  // Where most is new, nothing stands out, and showing it would cost more than the list itself.
  const fresh = items.filter((item) => !known.has(keyOf(item))).length;
  const isQuiet = list.known === undefined || fresh > FEW;
  let place = list.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    const mark = JSON.stringify(item);
    let entry = known.get(key);
    if (entry === undefined) {
      entry = { element: h("li", {}, build(item)), mark };
      if (!isQuiet) flash(entry.element);
    } else if (entry.mark !== mark) {
      const built = build(item);
      const old = entry.element.firstChild;
      old.className = built.className;
      old.replaceChildren(...built.childNodes);
      entry.mark = mark;
      if (!isQuiet) flash(entry.element);
    }
    next.set(key, entry);
    if (entry.element === place) place = place.nextSibling;
    else list.insertBefore(entry.element, place);
  }
  while (place !== null) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
  list.known = next;
}

export function forget(list) {
  list.replaceChildren();
  delete list.known;
}

function flash(element) {
  element.classList.remove("fresh");
  element.addEventListener("animationend", () => element.classList.remove("fresh"), { once: true });
  element.classList.add("fresh");
}

export function option(value, text, chosen) {
  return h("option", { value, selected: value === chosen }, text);
}

// Keep the options of a select in line without closing it or losing what is chosen.
export function setOptions(select, pairs, chosen) {
  const mark = JSON.stringify(pairs);
  if (select.mark !== mark) {
    select.mark = mark;
    fill(select, ...pairs.map(([value, text]) => option(value, text, chosen)));
  }
  select.value = chosen;
  if (select.selectedIndex === -1) {
    select.append(option(chosen, chosen, chosen));
    select.value = chosen;
    delete select.mark;
  }
}
