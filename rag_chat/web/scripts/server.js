/* Talking to our own routes. Parts of the page come as HTML that the server has escaped; all else is set as text. */

export async function part(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error((await answer.json()).error);
  const made = document.createElement("template");
  made.innerHTML = await answer.text();
  return made.content;
}

export async function change(method, address, body) {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(address, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error((await answer.json()).error);
}

/* Gradio's side: the trigger that each gr.HTML leaves on its element. */
export function send(from, data) {
  for (let node = from; node; node = node.parentElement) {
    if (node.ragChatTrigger) return node.ragChatTrigger("select", data);
  }
}

export function conversation() {
  return document.querySelector(".talk[data-conversation]")?.dataset.conversation ?? "";
}
