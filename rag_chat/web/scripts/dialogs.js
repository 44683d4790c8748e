/* Dialogs and the line that says what happened. Every text is set as text. */

export function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function show(dialog) {
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.showModal();
}

function button(text, className) {
  return element("button", { type: "button", textContent: text, className });
}

/* A question with two answers; `act` is done for the second. */
export function confirm(title, text, verb, act) {
  const keep = button("Keep it", "quiet");
  const go = button(verb, "danger");
  const dialog = element(
    "dialog", { className: "rag-dialog" },
    element("h2", { textContent: title }), element("p", { textContent: text }),
    element("div", { className: "choices" }, keep, go),
  );
  dialog.setAttribute("aria-label", title);
  keep.onclick = () => dialog.close();
  go.onclick = () => {
    dialog.close();
    act();
  };
  show(dialog);
  keep.focus();
}

/* One line of text from a person; `act` is given it. */
export function prompt(title, value, verb, act) {
  const input = element("input", { value, dir: "auto", maxLength: 200 });
  input.setAttribute("aria-label", title);
  const cancel = button("Cancel", "quiet");
  const form = element(
    "form", { method: "dialog" }, element("h2", { textContent: title }), input,
    element("div", { className: "choices" }, cancel, element("button", { textContent: verb, className: "quiet act" })),
  );
  const dialog = element("dialog", { className: "rag-dialog" }, form);
  dialog.setAttribute("aria-label", title);
  cancel.onclick = () => dialog.close();
  form.onsubmit = () => act(input.value);
  show(dialog);
  input.select();
}

/* A large dialog around something that is there to be looked at. */
export function panel(label, className, ...content) {
  const close = button("Close", "quiet");
  const head = element("header", {}, element("h2", { textContent: label, dir: "auto" }), close);
  const dialog = element("dialog", { className: `rag-dialog ${className}` }, head, ...content);
  dialog.setAttribute("aria-label", label);
  close.onclick = () => dialog.close();
  show(dialog);
  return dialog;
}

let line;
let hiding;

/* Says something at the page's lower edge, to screen readers too. */
export function say(text, { quietly = false } = {}) {
  if (!line) document.body.append((line = element("p", { id: "said", role: "status" })));
  line.classList.toggle("unseen", quietly);
  line.textContent = text;
  clearTimeout(hiding);
  hiding = setTimeout(() => (line.textContent = ""), 6000);
}
