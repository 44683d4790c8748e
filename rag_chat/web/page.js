/* What happens in the browser alone: opening a source from its [n], loading page images when they are looked at,
   confirming a deletion. Every text is set as text, never as HTML. Talks to Gradio through the trigger that each
   gr.HTML leaves on its element. */
"use strict";
(() => {
  const reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");
  let shownTurn = "0";
  let newestTurn = 0;
  let followed = { card: null, until: 0 };

  function send(from, data) {
    for (let node = from; node; node = node.parentElement) {
      if (node.ragChatTrigger) return node.ragChatTrigger("select", data);
    }
  }

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  // --- sources ---------------------------------------------------------------------------------------------

  function showTurn(turn) {
    shownTurn = String(turn);
    for (const section of document.querySelectorAll("#sources section.sources")) {
      section.hidden = section.dataset.turn !== shownTurn;
    }
  }

  function openSource(id, citation) {
    const card = document.getElementById(id);
    if (!card) return;
    showTurn(card.closest("section").dataset.turn);
    const folded = card.parentElement.closest("details");
    if (folded) folded.open = true;
    card.open = true;
    const marks = card.querySelectorAll("mark");
    marks.forEach((mark) => mark.classList.toggle("chosen", marks.length > 1 && mark.dataset.citation === citation));
    followed = { card, until: Date.now() + 3000 };
    scrollTo(card);
    card.querySelector("summary").focus({ preventScroll: true });
  }

  function scrollTo(card) {
    card.scrollIntoView({ block: "start", behavior: reducedMotion.matches ? "auto" : "smooth" });
  }

  function showProof(card) {
    const quote = card.querySelector("blockquote mark.chosen, blockquote mark");
    if (quote) quote.closest("blockquote").scrollTop = quote.offsetTop - quote.closest("blockquote").offsetTop - 24;
    for (const image of card.querySelectorAll("img[data-src]")) {
      if (image.getAttribute("src")) continue;
      image.onload = () => Date.now() < followed.until && scrollTo(followed.card); // it has pushed the card away
      image.onerror = () => image.closest("figure").classList.add("missing");
      image.src = image.dataset.src;
    }
  }

  function sourcesChanged() {
    const sections = [...document.querySelectorAll("#sources section.sources")];
    const newest = Math.max(0, ...sections.map((section) => Number(section.dataset.turn)));
    if (newest !== newestTurn) shownTurn = String(newest);
    newestTurn = newest;
    showTurn(shownTurn);
    const section = sections[sections.length - 1];
    if (section && section.querySelector(".verdict") && !section.dataset.opened) {
      section.dataset.opened = "yes"; // the first proof is there to be seen without a click
      section.querySelector("details.card").open = true;
    }
    document.querySelectorAll("#sources details.card[open]").forEach(showProof);
  }

  // --- dialogs ---------------------------------------------------------------------------------------------

  function show(dialog) {
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.showModal();
  }

  function confirmDeletion(button) {
    const name = button.dataset.name;
    const cancel = element("button", { type: "button", textContent: "Keep it", className: "quiet" });
    const remove = element("button", { type: "button", textContent: "Delete", className: "danger" });
    const said = `“${name}” and everything learned from it will be removed from the library.`;
    const dialog = element(
      "dialog", { className: "rag-dialog" },
      element("h2", { textContent: "Delete this document?" }),
      element("p", { textContent: said }),
      element("div", { className: "choices" }, cancel, remove),
    );
    cancel.onclick = () => dialog.close();
    remove.onclick = () => {
      dialog.close();
      send(button, { action: "delete", value: button.dataset.delete });
    };
    show(dialog);
    cancel.focus();
  }

  function enlarge(button) {
    const small = button.querySelector("img");
    const image = element("img", { alt: small.alt, src: `${small.dataset.src}&width=1600` });
    const close = element("button", { type: "button", textContent: "Close", className: "quiet" });
    const dialog = element("dialog", { className: "rag-dialog rag-page" }, close, image);
    close.onclick = () => dialog.close();
    dialog.setAttribute("aria-label", small.alt);
    show(dialog);
  }

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Copying is not allowed here";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  }

  // --- events ----------------------------------------------------------------------------------------------

  const clicks = [
    ["[data-card]", (it) => openSource(it.dataset.card, it.dataset.citation)],
    ["[data-ask]", (it) => send(it, { question: it.dataset.ask })],
    ["[data-delete]", (it) => confirmDeletion(it)],
    ["[data-dismiss]", (it) => send(it, { action: "dismiss", value: it.dataset.dismiss })],
    ['[data-act="samples"]', (it) => send(it, { action: "samples" })],
    ['[data-act="all"]', (it) => send(it, { action: "select", value: [] })],
    ["[data-copy]", (it) => copy(it)],
    ["[data-sources]", (it) => {
      showTurn(it.dataset.sources);
      document.getElementById("sources-column").scrollIntoView({ block: "nearest" });
    }],
    ["button.zoom", (it) => enlarge(it)],
  ];

  document.addEventListener("click", (event) => {
    for (const [selector, act] of clicks) {
      const it = event.target.closest?.(selector);
      if (it) return act(it);
    }
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("input[data-doc]")) return;
    const ticked = [...document.querySelectorAll("#documents input[data-doc]:checked")].map((box) => box.dataset.doc);
    send(event.target, { action: "select", value: ticked });
  });

  // `toggle` does not bubble, so it is caught on its way down.
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("details.card") && event.target.open) showProof(event.target);
  }, true);

  let nearEnd = true;
  document.addEventListener("scroll", (event) => {
    const it = event.target;
    if (it.id === "thread") nearEnd = it.scrollHeight - it.scrollTop - it.clientHeight < 80;
  }, true);

  let painting = false;
  new MutationObserver((changes) => {
    const touched = (id) => changes.some((change) => {
      const node = change.target.nodeType === 1 ? change.target : change.target.parentElement;
      return node?.closest(id);
    });
    if (painting) return;
    painting = true;
    if (touched("#sources")) sourcesChanged();
    if (touched("#documents :is(.documents, .scope)")) {
      // A box that a person ticked keeps its own state, whatever the attribute says; the server's word counts.
      document.querySelectorAll("#documents input[data-doc]").forEach((box) => (box.checked = box.hasAttribute("checked")));
    }
    const thread = document.getElementById("thread");
    if (thread && nearEnd && touched("#thread")) thread.scrollTop = thread.scrollHeight;
    queueMicrotask(() => (painting = false));
  }).observe(document.documentElement, { childList: true, subtree: true, characterData: true, attributeFilter: ["checked"] });
})();
