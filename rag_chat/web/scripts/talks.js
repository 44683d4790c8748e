/* Conversations: their list, their address, renaming and deleting them; what a person says of an answer; and why its
   passages were chosen. */

import { confirm, panel, prompt, say } from "./dialogs.js";
import { change, conversation, part, send } from "./server.js";
import { forgetSources } from "./sources.js";

const WAIT = 200; // milliseconds after the last letter of a search
const FOLLOWED_EVERY = 1000; // milliseconds

export async function refreshTalks() {
  const list = document.getElementById("talks-list");
  const search = document.getElementById("talks-search")?.value ?? "";
  if (!list) return;
  try {
    const got = await part(`/conversations?search=${encodeURIComponent(search)}`);
    if (got.textContent !== list.textContent) list.replaceChildren(got); // a row that is being clicked stays
  } catch {
    return; // the app has ended; the list stays as it was
  }
  markOpen();
}

function markOpen() {
  for (const link of document.querySelectorAll("#talks-list a[data-open]")) {
    const open = link.dataset.open === conversation();
    link.toggleAttribute("aria-current", open);
    if (open) link.setAttribute("aria-current", "page");
  }
}

// --- address -------------------------------------------------------------------------------------------------

const named = () => new URLSearchParams(location.search).get("c") ?? "";

/* The conversation on the page has changed: its address is the page's, its row is marked. */
export function addressed() {
  const id = conversation();
  if (id && id !== named()) history.replaceState(null, "", `/?c=${encodeURIComponent(id)}`);
  refreshTalks();
}

export function open(id, { remember = true } = {}) {
  if (remember) history.pushState(null, "", id ? `/?c=${encodeURIComponent(id)}` : "/");
  send(document.getElementById("talks-list"), { id });
  document.querySelector("#question textarea")?.focus();
}

/* What another tab is asking in this conversation, or this one was when it was loaded anew, is looked at until it is
   over. Nothing else on the page changes: a question of its own may begin at any time. */
async function follow() {
  const asking = document.querySelector('#past .exchange[data-state="asking"]');
  if (!asking) return;
  const id = conversation();
  try {
    const now = (await part(`${address(id)}/${asking.dataset.turn}`)).firstElementChild;
    if (asking.innerHTML === now.innerHTML) return;
    Object.assign(asking.dataset, now.dataset);
    asking.replaceChildren(...now.childNodes);
  } catch ({ cause }) {
    // It was deleted there, or the whole conversation was. Opening it again would end a question of its own.
    const own = document.querySelector('#live .exchange[data-state="asking"]');
    if (cause === 404 && conversation() === id && !own) send(document.getElementById("talks-list"), { id });
  }
}
setInterval(follow, FOLLOWED_EVERY);

addEventListener("popstate", () => {
  document.querySelector("dialog[open]")?.close(); // it asks about what is left now
  open(named(), { remember: false });
});

// --- the open conversation -----------------------------------------------------------------------------------

const address = (id = conversation()) => `/conversations/${id}`;

async function tried(doing) {
  try {
    await doing();
  } catch (error) {
    say(error.message);
  }
}

export function act(it) {
  const talk = it.closest(".talk");
  const { conversation: id, title: name } = talk?.dataset ?? {}; // whatever is shown once the dialog is answered
  const does = {
    new: () => open(""),
    rename: () =>
      prompt("Rename this conversation", name, "Rename", (title) =>
        tried(async () => {
          await change("PATCH", address(id), { title });
          if (title.trim()) talk.querySelector("h2").textContent = talk.dataset.title = title.trim();
          await refreshTalks();
        })),
    link: async () => {
      try {
        await navigator.clipboard.writeText(`${location.origin}/?c=${id}`);
        say("The link is copied. It works on this machine.");
      } catch {
        say(`${location.origin}/?c=${id}`);
      }
    },
    delete: () =>
      confirm("Delete this conversation?", `“${name}” with its answers and ratings will be removed.`, "Delete", () =>
        tried(async () => {
          await change("DELETE", address(id));
          if (conversation() === id) open("");
          await refreshTalks();
        })),
  };
  does[it.dataset.talk]();
}

export function vote(it) {
  const { turn, chunk } = it.dataset;
  const given = it.getAttribute("aria-pressed") === "true" ? 0 : Number(it.dataset.vote);
  return tried(async () => {
    await change("POST", `${address()}/${turn}/votes`, { chunk, vote: given });
    forgetSources();
    for (const other of document.querySelectorAll(`.vote[data-turn="${turn}"]`)) {
      if (other.dataset.chunk === chunk) other.setAttribute("aria-pressed", String(Number(other.dataset.vote) === given));
    }
    say(given ? "Thank you. It is kept for training the reranker on this machine." : "Taken back.");
  });
}

export function why(turn) {
  if (document.querySelector("dialog.rag-why")) return undefined;
  return tried(async () => {
    const where = `${address()}/${turn}/why`;
    const holder = document.createElement("div");
    holder.append(await part(where));
    panel("Why these passages?", "rag-why", holder);
    holder.addEventListener("change", ({ target }) =>
      tried(async () => {
        if (!target.matches("select[data-compare]")) return;
        holder.setAttribute("aria-busy", "true");
        holder.replaceChildren(await part(target.value ? `${where}?compare=${encodeURIComponent(target.value)}` : where));
        holder.removeAttribute("aria-busy");
        holder.querySelector("select").focus();
      }));
  });
}

let waiting;
document.addEventListener("input", ({ target }) => {
  if (target.id !== "talks-search") return;
  clearTimeout(waiting);
  waiting = setTimeout(refreshTalks, WAIT);
});
