/* What happens in the browser alone: clicks, keys, dropped and pasted files, and what follows when Gradio has changed
   the page. Every text is set as text, never as HTML. */

import { boxChanged } from "./composer.js";
import { confirm, say } from "./dialogs.js";
import * as passwords from "./passwords.js";
import { conversation, send } from "./server.js";
import { clearSources, enlarge, forgetSources, hideQuote, openSource, showSources, step, zoom } from "./sources.js";
import * as talks from "./talks.js";

const narrow = matchMedia("(max-width: 760px)"); // as in page.css

// --- clicks --------------------------------------------------------------------------------------------------

function confirmDeletion(button) {
  const { name, delete: id } = button.dataset;
  const said = `“${name}” and everything learned from it will be removed. Quotes in your conversations stay.`;
  confirm("Delete this document?", said, "Delete", () => send(button, { action: "delete", value: id }));
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    say("The answer is copied, with its quotes.");
  } catch {
    say("Copying is not allowed here.");
  }
}

/* The same question of other documents, which the later ones go to as well. */
function elsewhere(button) {
  if (document.getElementById("stop").checkVisibility()) return say("Another answer is being written; wait for it, or stop it.");
  const ids = JSON.parse(button.dataset.elsewhere);
  send(document.querySelector("#documents .scope"), { action: "select", value: ids });
  send(button, { action: "elsewhere", turn: button.dataset.turn, doc_ids: ids });
}

/* The last question that is shown, whatever another tab has asked since. */
function askAgain() {
  const last = [...document.querySelectorAll("#past .exchange[data-turn], #live .exchange[data-turn]")].at(-1);
  if (!last) return;
  const { turn } = last.dataset;
  const question = last.querySelector(".question").textContent;
  send(last, turn === "0" ? { action: "ask", question } : { action: "afresh", turn }); // 0: it could not be kept
}

function showAll(button) {
  showSources(button.dataset.sources);
  document.getElementById("sources-column").scrollIntoView({ block: narrow.matches ? "start" : "nearest" });
}

const clicks = [
  ["[data-card]", (it) => openSource(it.dataset.card, it.dataset.citation).catch((error) => say(error.message))],
  ["[data-ask]", (it) => send(it, { action: "ask", question: it.dataset.ask })],
  ["[data-delete]", confirmDeletion],
  ["[data-dismiss]", (it) => send(it, { action: "dismiss", value: it.dataset.dismiss })],
  ["[data-retry]", (it) => send(it, { action: "retry", value: it.dataset.retry })],
  ["[data-replace]", (it) => send(it, { action: "replace", value: it.dataset.replace })],
  ['[data-act="samples"]', (it) => send(it, { action: "samples" })],
  ['[data-act="choose"]', () => chooser()?.click()],
  ["[data-jump]", (it) => document.getElementById(it.dataset.jump).scrollIntoView()],
  ['[data-act="all"]', (it) => send(it, { action: "all" })],
  ["[data-copy]", copy],
  ["[data-sources]", showAll],
  ["#retry", askAgain],
  ["[data-elsewhere]", elsewhere],
  ["[data-talk]", talks.act],
  ["[data-why]", (it) => talks.why(it.dataset.why)],
  [".vote", talks.vote],
  ["figure.page [data-step]", (it) => step(it.closest("figure"), Number(it.dataset.step))],
  ["figure.page [data-zoom]", (it) => zoom(it.closest("figure"), Number(it.dataset.zoom))],
  ["figure.page button.zoom", (it) => enlarge(it.closest("figure"))],
];

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-open]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    return talks.open(link.dataset.open);
  }
  for (const [selector, act] of clicks) {
    const it = event.target.closest?.(selector);
    if (it) return act(it);
  }
});

document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-where]")) return event.preventDefault(); // Enter in it has made it change
  const turn = event.target.dataset?.again;
  if (!turn) return;
  event.preventDefault();
  const search = new FormData(event.target).get("search");
  if (search.trim()) send(event.target, { action: "again", turn, search });
});

document.addEventListener("change", ({ target }) => {
  const form = target.closest?.("[data-where]");
  if (form) send(form, { action: "narrow", value: Object.fromEntries(new FormData(form)) });
  if (!target.matches?.("input[data-doc]")) return;
  send(target, { action: "tick", value: { id: target.dataset.doc, on: target.checked } });
});

// --- keys ----------------------------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  hideQuote();
  const stop = document.getElementById("stop");
  if (stop?.checkVisibility()) stop.click();
}, true);

// --- files dropped or pasted anywhere --------------------------------------------------------------------------

const chooser = () => document.querySelector("#drop input[type=file]");

const READ = /\.(pdf|docx|html?|md|txt)$/i;

const soon = () => new Promise((next) => setTimeout(next, 100));
let adding = Promise.resolve(); // one after the other: the drop zone takes nothing while it takes something over

const add = (files) => (adding = adding.then(() => give([...files])));

async function give(files) {
  for (let tries = 0; !chooser() && tries < 600; tries += 1) await soon();
  const input = chooser();
  if (!input) return say("Other files are being taken over; try again in a moment.");
  const fitting = files.filter((file) => READ.test(file.name) || file.type === "application/pdf");
  if (!fitting.length) return say("Only PDF, DOCX, HTML, Markdown and text files can be added.");
  const carrier = new DataTransfer();
  fitting.forEach((file) => carrier.items.add(file));
  input.files = carrier.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  if (fitting.length < files.length) say("Only the PDF, DOCX, HTML, Markdown and text files were added.");
  for (let tries = 0; chooser() === input && tries < 20; tries += 1) await soon(); // until it has begun
}

const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
const inZone = (event) => event.target.closest?.("#drop");

document.addEventListener("dragover", (event) => {
  if (!holdsFiles(event)) return;
  document.documentElement.classList.add("dropping");
  if (!inZone(event)) event.preventDefault();
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.documentElement.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  document.documentElement.classList.remove("dropping");
  if (!holdsFiles(event) || inZone(event)) return;
  event.preventDefault();
  add(event.dataTransfer.files);
}, true);
document.addEventListener("paste", (event) => {
  if (!event.clipboardData?.files.length) return;
  event.preventDefault();
  add(event.clipboardData.files);
});

// --- what follows when the page has changed --------------------------------------------------------------------

let opened = "";
let seen = ""; // turn, state and whether passages are there, of the exchange that is being answered
let nearEnd = true; // the reader has not scrolled away from what is being written
let moved = 0; // when a person last scrolled
let following = false; // an exchange of the conversation is being answered elsewhere
let documentsSeen = null;

const SCROLLING = ["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown"];
for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  document.addEventListener(kind, ({ key, target }) => {
    const scrolls = kind === "keydown" ? SCROLLING.includes(key) : kind !== "pointerdown" || target.id === "thread";
    if (scrolls) moved = Date.now();
  }, { capture: true, passive: true });
}
document.addEventListener("scroll", ({ target: it }) => {
  if (it.id !== "thread" || Date.now() - moved > 500) return; // rows that are laid out late scroll it too
  nearEnd = it.scrollHeight - it.scrollTop - it.clientHeight < 80;
}, true);

function followEnd() {
  const thread = document.getElementById("thread");
  if (thread && nearEnd) thread.scrollTop = thread.scrollHeight;
}

function conversationChanged() {
  const id = conversation();
  if (id === opened) return;
  opened = id;
  nearEnd = true;
  clearSources();
  talks.addressed();
  showLast();
}

function showLast() {
  const exchanges = document.querySelectorAll("#past .exchange[data-found='yes']");
  if (exchanges.length && !document.querySelector("#live .exchange")) {
    showSources(exchanges[exchanges.length - 1].dataset.turn, { openFirst: true }).catch(() => {});
  }
}

/* The last exchange was being answered elsewhere, and is over. */
function followed() {
  const asking = document.querySelector('#past .exchange[data-state="asking"]') !== null;
  if (following && !asking) {
    forgetSources();
    showLast();
  }
  following = asking;
}

function exchangeChanged() {
  const exchange = document.querySelector("#live .exchange");
  const { turn, state, found } = exchange?.dataset ?? {};
  const now = `${opened}/${turn}/${state}/${found}`;
  if (now === seen) return;
  if (!seen.startsWith(`${opened}/${turn}/`)) nearEnd = true; // a new question
  seen = now;
  if (found === "yes") {
    showSources(turn, { finished: state !== "asking", openFirst: state === "answered" }).catch((error) => say(error.message));
  }
  if (!exchange || state === "asking") return;
  talks.refreshTalks();
  say(state === "answered" ? "The answer is there." : "Stopped.", { quietly: true });
}

function boxesChanged() {
  // A box that a person ticked keeps its own state, whatever the attribute says; the server's word counts.
  document.querySelectorAll("#documents input[data-doc]").forEach((box) => (box.checked = box.hasAttribute("checked")));
}

function documentsChanged() {
  const now = [...document.querySelectorAll("#documents [data-delete]")].map((it) => it.dataset.delete).join();
  if (now === documentsSeen) return;
  documentsSeen = now;
  forgetSources(); // a card may speak of a document that is gone, or has come back
}

let painting = false;
new MutationObserver((changes) => {
  if (painting) return;
  painting = true;
  const touched = (id) => changes.some(({ target }) => (target.nodeType === 1 ? target : target.parentElement)?.closest(id));
  if (document.getElementById("columns") && document.getElementById("first-paint")) {
    document.getElementById("first-paint").remove();
    if (narrow.matches) document.querySelector("#talks details")?.removeAttribute("open");
  }
  boxChanged();
  if (touched("#past")) conversationChanged();
  if (touched("#past")) followed();
  if (touched("#live") || touched("#past")) exchangeChanged();
  if (touched("#documents :is(.documents, .scope)")) boxesChanged();
  if (touched("#documents")) documentsChanged();
  if (touched("#documents")) passwords.putBack();
  if (touched("#banner") && !document.querySelector("#banner .banner:not(.adding)")) talks.refreshTalks(); // the library is open
  if (touched("#thread")) {
    followEnd();
    requestAnimationFrame(followEnd); // the last rows have their heights by then
  }
  queueMicrotask(() => (painting = false));
}).observe(document.documentElement, { childList: true, subtree: true, characterData: true, attributeFilter: ["checked"] });
