/* Talking to our own routes. Parts of the page come as HTML that the server has escaped; all else is set as text. */

import { keepQuestion } from "./composer.js";

async function answered(...request) {
  try {
    return await fetch(...request);
  } catch {
    throw new Error("The app does not answer; see whether it still runs, and try again.");
  }
}

export async function part(address) {
  const answer = await answered(address);
  if (!answer.ok) throw new Error((await answer.json()).error, { cause: answer.status });
  const made = document.createElement("template");
  made.innerHTML = await answer.text();
  return made.content;
}

export async function change(method, address, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await answered(address, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error((await answer.json()).error);
}

/* An app that was started anew knows neither what this page has open nor what is ticked in it: it is loaded again, with
   the question that was being written. */
let run; // of the app that this page came from

async function look() {
  if (document.hidden) return;
  const now = await fetch("/healthz").then((answer) => answer.json()).catch(() => ({})); // nobody answers, or another app
  run ??= now.run;
  if (!now.run || now.run === run) return;
  keepQuestion();
  location.reload();
}
for (const event of ["focus", "visibilitychange"]) addEventListener(event, look);
look();

/* Gradio's side: the trigger that each gr.HTML leaves on its element. */
export function send(from, data) {
  for (let node = from; node; node = node.parentElement) {
    if (node.ragChatTrigger) return node.ragChatTrigger("select", data);
  }
}

export function conversation() {
  return document.querySelector(".talk[data-conversation]")?.dataset.conversation ?? "";
}
