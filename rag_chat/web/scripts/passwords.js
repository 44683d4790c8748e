/* Passwords of encrypted files, typed in the row of the upload. The rows move while others come and go, and Gradio
   changes them in place: what is typed belongs to the upload, not to the field that it was typed in. */

import { send } from "./server.js";

const typed = new Map(); // id of the upload -> what is typed so far; nowhere else
let writing = null; // the id whose field has the focus, or had it when its row was changed

const formOf = (target) => target.closest?.("form[data-unlock]");

document.addEventListener("input", ({ target }) => {
  if (formOf(target)) typed.set(formOf(target).dataset.unlock, target.value);
});
document.addEventListener("focusin", ({ target }) => (writing = formOf(target)?.dataset.unlock ?? null));
document.addEventListener("pointerdown", ({ target }) => {
  if (!formOf(target)) writing = null;
}, true);
document.addEventListener("submit", (event) => {
  const form = formOf(event.target);
  if (!form) return;
  event.preventDefault();
  const [input, id] = [form.querySelector("input"), form.dataset.unlock];
  const password = input.value;
  typed.delete(id);
  input.value = "";
  if (password) send(form, { action: "unlock", value: { id, password } });
});

/* After the rows have changed. */
export function putBack() {
  const [forms, was] = [[...document.querySelectorAll("form[data-unlock]")], writing];
  for (const id of typed.keys()) if (!forms.some((form) => form.dataset.unlock === id)) typed.delete(id);
  for (const form of forms) {
    const [input, id] = [form.querySelector("input"), form.dataset.unlock];
    input.value = typed.get(id) ?? "";
    const elsewhere = document.activeElement !== document.body && !formOf(document.activeElement);
    if (id === was && !elsewhere && document.activeElement !== input) input.focus();
  }
}
