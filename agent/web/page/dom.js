// Makes elements. Text of others is only ever set as text, never as HTML.

export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

// Sets text only where it differs, so that screen readers do not read it again.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function button(text, onclick, attributes = {}) {
  return h("button", { type: "button", onclick, ...attributes }, text);
}

export function labelled(text, control, wide = false) {
  return h("label", { class: wide ? "wide" : null }, text, control);
}

// A table with a caption and headers. `columns`: [title, class]. The returned body takes rows.
export function table(caption, columns) {
  const body = h("tbody");
  const head = columns.map(([title, kind]) => h("th", { scope: "col", class: kind }, title));
  const element = h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, ...head)), body);
  return { element, body };
}

// Shows `rows`, each with a `key` and a `text` that tells whether it has changed. Rows that stay the
// same stay in the page, so focus and scrolling stay too. `make(row)` makes the element.
export function showRows(body, rows, make) {
  const old = new Map([...body.children].map((element) => [element.dataset.key, element]));
  const focus = focusPlace(body);
  let at = body.firstElementChild;
  for (const row of rows) {
    let element = old.get(row.key);
    old.delete(row.key);
    if (!element || element.dataset.text !== row.text) {
      const fresh = make(row);
      fresh.dataset.key = row.key;
      fresh.dataset.text = row.text;
      if (element === at && at) at = at.nextElementSibling;
      if (element) element.remove();
      element = fresh;
    }
    if (element === at) at = at.nextElementSibling;
    else body.insertBefore(element, at);
  }
  for (const element of old.values()) element.remove();
  restoreFocus(body, focus);
}

function focusPlace(body) {
  const active = document.activeElement;
  const row = active && body.contains(active) ? active.closest("[data-key]") : null;
  if (!row) return null;
  const all = [...row.querySelectorAll("button, input, textarea, a, select")];
  return { key: row.dataset.key, number: all.indexOf(active) };
}

function restoreFocus(body, place) {
  if (!place || body.contains(document.activeElement)) return;
  const row = [...body.children].find((element) => element.dataset.key === place.key);
  const all = row ? [...row.querySelectorAll("button, input, textarea, a, select")] : [];
  if (all.length > 0) all[Math.min(place.number, all.length - 1)].focus();
}

let noticeTimer = 0;

// Says what went wrong, for a while. Screen readers read it at once.
export function notice(text) {
  const element = byId("notice");
  element.textContent = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { element.textContent = ""; }, 12_000);
}
