/* The question box: what is typed into it is not lost, neither behind a question that is on its way nor where the page
   is loaded again. */

const KEPT = "question"; // in the tab's storage
let kept = sessionStorage.getItem(KEPT); // of the page before this one
sessionStorage.removeItem(KEPT);
let sent = ""; // what was sent, until the server has taken it out of the box
let typed = ""; // what the box held after the last letter

const box = () => document.querySelector("#question textarea");

function put(text) {
  box().value = text;
  box().dispatchEvent(new Event("input", { bubbles: true }));
}

export function keepQuestion() {
  sessionStorage.setItem(KEPT, box()?.value ?? "");
}

/* The page has changed, and the box may have been emptied or be there again. */
export function boxChanged() {
  if (!box()) return;
  if (kept) put(kept);
  kept = null;
  if (!sent || box().value) return;
  const more = typed.startsWith(sent) ? typed.slice(sent.length) : "";
  sent = "";
  if (more) put(more);
}

document.addEventListener("input", ({ target }) => {
  if (target === box()) typed = target.value;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target !== box()) return;
  // Gradio would send the question on Shift+Enter too; left alone, the browser begins a new line.
  if (event.shiftKey) event.stopPropagation();
  else sent = event.target.value;
}, true);

document.addEventListener("click", ({ detail, target }) => {
  const button = target.closest?.("#ask, #stop");
  if (button?.id === "ask") sent = box().value;
  if (button && detail === 0) box().focus(); // they take each other's place; whoever uses keys stays at the question
}, true);
