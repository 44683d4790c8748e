/* The right column: an answer's sources, opened from its [n]; page images, boxes, zoom and turning pages; the card that
   shows a quote while its [n] is pointed at. */

import { element, panel } from "./dialogs.js";
import { conversation, part } from "./server.js";

const MOST_PICTURES = 40;
const SHARP = 800; // pixels of the screen across the panel up to which the smaller image of a page is sharp
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const pictures = new Map(); // address -> promise of { src, boxes, ink }
const parts = new Map(); // conversation/turn -> promise of a document fragment, of finished answers
let shown = ""; // conversation/turn/state of what the panel holds or is being fetched for it
let showing = Promise.resolve(); // until it is there
let asked = 0; // counts what is fetched for the panel: only the last is put there

// --- sources -------------------------------------------------------------------------------------------------

function fetched(id, turn, finished) {
  const key = `${id}/${turn}`;
  if (!finished) return part(`/conversations/${key}/sources`);
  if (!parts.has(key)) {
    const asked = part(`/conversations/${key}/sources`);
    asked.catch(() => parts.delete(key));
    parts.set(key, asked);
  }
  return parts.get(key);
}

/* What is fetched anew when it is shown again; what is on its way still arrives. */
export function forgetSources() {
  parts.clear();
  shown = "";
}

export function showSources(turn, { finished = true, openFirst = false } = {}) {
  const id = conversation();
  const wanted = `${id}/${turn}/${finished}`;
  if (wanted !== shown) showing = replaceSources(id, turn, finished, openFirst);
  shown = wanted;
  return showing;
}

async function replaceSources(id, turn, finished, openFirst) {
  const mine = (asked += 1);
  const got = await fetched(id, turn, finished).catch((error) => {
    if (mine === asked) clearSources(); // what is there is of another answer
    throw error;
  });
  if (mine !== asked) return; // something else was asked for meanwhile
  const place = document.getElementById("evidence");
  place.replaceChildren(got.cloneNode(true));
  if (finished) {
    if (openFirst && place.querySelector(".verdict")) place.querySelector("details.card").open = true;
    for (const figure of place.querySelectorAll("section > details.card:has(.verdict) figure.page")) {
      picture(address(figure)); // so that the other quotes are there when they are asked for
    }
  }
}

export function clearSources() {
  shown = "";
  asked += 1;
  const hint = "The passages that an answer rests on appear here, with their pages.";
  document.getElementById("evidence")?.replaceChildren(element("p", { className: "hint", textContent: hint }));
}

export async function openSource(id, citation = "") {
  hideQuote();
  await showSources(id.split("-")[1]);
  const card = document.getElementById(id);
  if (!card) return;
  card.parentElement.closest("details")?.setAttribute("open", "");
  card.open = true;
  const marks = card.querySelectorAll("mark");
  for (const mark of marks) mark.classList.toggle("chosen", marks.length > 1 && mark.dataset.citation === citation);
  card.dataset.chosen = citation;
  for (const figure of card.querySelectorAll("figure.page[data-cited]")) turnTo(figure, Number(figure.dataset.cited));
  const there = showProof(card);
  scroll(card);
  card.querySelector("summary").focus({ preventScroll: true });
  await there;
  scroll(card); // its page has its height by now
}

/* To the card, or to the page of the quote, under the card's head, where the window has no room for both. */
function scroll(card) {
  const head = card.querySelector("summary");
  const above = parseFloat(getComputedStyle(head).top) || 0; // what else stays in sight over the head
  const room = Math.min(innerHeight, document.getElementById("sources").clientHeight) - above;
  const figure = chosenFigure(card);
  const end = figure?.getBoundingClientRect().bottom ?? 0;
  const place = end - card.getBoundingClientRect().top <= room ? card : figure;
  if (figure) figure.style.scrollMarginTop = `${above + head.offsetHeight}px`;
  place.scrollIntoView({ block: "start", behavior: reducedMotion.matches ? "auto" : "smooth" });
}

function chosenFigure(card) {
  const figures = [...card.querySelectorAll("figure.page")];
  const { chosen } = card.dataset;
  return figures.find((figure) => boxed(figure)?.citations.some((place) => String(place) === chosen)) ?? figures[0];
}

export function showProof(card) {
  const quote = card.querySelector("blockquote mark.chosen, blockquote mark");
  if (quote) quote.closest("blockquote").scrollTop = quote.offsetTop - quote.closest("blockquote").offsetTop - 24;
  return Promise.all([...card.querySelectorAll("figure.page")].map(showPage));
}

/* What a person is about to click is fetched while they point at it. */
async function prepare(cite) {
  const turn = cite.closest("[data-turn]")?.dataset.turn;
  if (!turn || !conversation()) return;
  const got = await fetched(conversation(), turn, true);
  got.getElementById(cite.dataset.card)?.querySelectorAll("figure.page").forEach((figure) => picture(address(figure)));
}

// --- pages ---------------------------------------------------------------------------------------------------

function picture(url) {
  if (pictures.has(url)) return pictures.get(url);
  const asked = fetch(url).then(async (answer) => {
    if (!answer.ok) throw new Error((await answer.json()).error);
    const told = answer.headers.get("X-Boxes") ?? "";
    const boxes = told.split("|").map((range) => (range ? range.split(";").map((box) => box.split(",").map(Number)) : []));
    const ink = answer.headers.get("X-Ink").split(",").map(Number);
    return { src: URL.createObjectURL(await answer.blob()), boxes, ink };
  });
  asked.catch(() => pictures.delete(url));
  pictures.set(url, asked);
  if (pictures.size > MOST_PICTURES) {
    const [oldest, gone] = pictures.entries().next().value;
    pictures.delete(oldest);
    gone.then(({ src }) => URL.revokeObjectURL(src), () => {});
  }
  return asked;
}

function boxed(figure) {
  return JSON.parse(figure.dataset.boxed)[figure.dataset.page];
}

function address(figure) {
  const { doc, page, wide } = figure.dataset;
  const url = boxed(figure)?.url ?? `/pages/${doc}/${page}.png`;
  const large = wide || document.getElementById("sources").clientWidth * devicePixelRatio > SHARP;
  return large ? `${url}${url.includes("?") ? "&" : "?"}width=1600` : url;
}

export async function showPage(figure) {
  const url = address(figure);
  const image = figure.querySelector("img");
  const chosen = figure.closest("details.card")?.dataset.chosen ?? figure.dataset.chosen ?? "";
  if (image.dataset.url !== url) {
    image.dataset.url = url;
    figure.classList.add("waiting");
    try {
      const { src, boxes, ink } = await picture(url);
      if (image.dataset.url !== url) return;
      image.src = src;
      await image.decode();
      Object.assign(figure, { boxes, ink });
      figure.classList.remove("missing");
    } catch {
      figure.classList.add("missing");
    }
    figure.classList.remove("waiting");
  }
  const citations = boxed(figure)?.citations ?? [];
  const ours = (figure.boxes ?? []).filter((_, i) => citations[i] !== undefined && String(citations[i]) === chosen).flat();
  ring(figure, citations.length > 1 ? ours : []);
  focus(figure, ours.length ? ours : (figure.boxes ?? []).flat());
}

/* A frame around the boxes of the sentence that was clicked, where the page has others too. */
function ring(figure, boxes) {
  figure.querySelectorAll(".ring").forEach((old) => old.remove());
  for (const [left, top, right, bottom] of boxes) {
    const made = element("span", { className: "ring" });
    const sides = { left, top, width: right - left, height: bottom - top };
    for (const [side, share] of Object.entries(sides)) made.style[side] = `${100 * share}%`;
    figure.querySelector(".canvas").append(made);
  }
}

/* As large as the page's print allows, so that only its empty margins are cut, with the quote in the middle. */
function focus(figure, boxes) {
  const sheet = figure.querySelector(".sheet");
  const canvas = sheet.firstElementChild;
  let [left, right] = figure.ink ?? [0, 1];
  zoomTo(figure, figure.zoomed ?? Math.max(1, Math.min(figure.dataset.wide ? 1.2 : 1.7, 0.97 / (right - left))));
  if (figure.zoomed && boxes.length) {
    left = Math.min(...boxes.map((box) => box[0]));
    right = Math.max(...boxes.map((box) => box[2]));
  }
  sheet.scrollLeft = ((left + right) / 2) * canvas.offsetWidth - sheet.clientWidth / 2;
  if (!boxes.length) return;
  const top = Math.min(...boxes.map((box) => box[1]));
  const bottom = Math.max(...boxes.map((box) => box[3]));
  const tall = (bottom - top) * canvas.offsetHeight;
  sheet.scrollTop = top * canvas.offsetHeight - Math.max(16, (sheet.clientHeight - tall) / 2);
}

function zoomTo(figure, factor) {
  const sheet = figure.querySelector(".sheet");
  const canvas = sheet.firstElementChild;
  const [x, y] = [
    (sheet.scrollLeft + sheet.clientWidth / 2) / canvas.offsetWidth,
    (sheet.scrollTop + sheet.clientHeight / 2) / canvas.offsetHeight,
  ];
  canvas.style.width = `${100 * factor}%`;
  sheet.scrollLeft = x * canvas.offsetWidth - sheet.clientWidth / 2;
  sheet.scrollTop = y * canvas.offsetHeight - sheet.clientHeight / 2;
  figure.factor = factor;
}

export function zoom(figure, direction) {
  figure.zoomed = Math.max(0.5, Math.min(4, (figure.factor ?? 1) * (direction > 0 ? 1.3 : 1 / 1.3)));
  zoomTo(figure, figure.zoomed);
}

export function step(figure, by) {
  const page = Number(figure.dataset.page) + by;
  if (page < 1 || page > Number(figure.dataset.pages)) return;
  figure.dataset.cited ??= figure.dataset.page; // where the next click on the citation leads back to
  turnTo(figure, page);
  showPage(figure);
}

function turnTo(figure, page) {
  const { doc, pages, name } = figure.dataset;
  figure.dataset.page = page;
  const where = boxed(figure)?.where ?? `page ${page} of ${pages} in the file`;
  figure.querySelector(".at").textContent = where;
  figure.querySelector("img").alt = `${where} of ${name}`;
  figure.querySelector(".sheet").setAttribute("aria-label", `${where} of ${name}`);
  const pdf = figure.querySelector("a");
  pdf.href = `/documents/${doc}.pdf#page=${page}`;
  pdf.setAttribute("aria-label", `Open the PDF at ${where}`);
  figure.querySelector(".sheet").scrollTop = 0;
}

export function enlarge(figure) {
  const large = figure.cloneNode(true);
  large.dataset.wide = "yes";
  large.dataset.chosen = figure.closest("details.card")?.dataset.chosen ?? "";
  large.querySelector("button.zoom").remove();
  const image = large.querySelector("img");
  delete image.dataset.url; // the small image stays until the large one is there
  panel(large.dataset.name, "rag-page", large);
  showPage(large);
}

// --- the card beside an [n] ----------------------------------------------------------------------------------

let card;

function showQuote(cite) {
  const { document: name, where, quote, verdict, columns } = cite.dataset;
  card ??= element("div", { id: "quote-card", role: "tooltip" });
  card.replaceChildren(
    element("p", { className: "place" }, element("bdi", { textContent: name }), `, ${where}`),
    ...(columns ? [element("p", { className: "columns", textContent: columns, dir: "auto" })] : []),
    element("p", { className: "quote", textContent: `“${quote}”`, dir: "auto" }),
    element("p", { className: "verdict-line", textContent: verdict }),
  );
  document.body.append(card);
  cite.setAttribute("aria-describedby", card.id);
  place(cite);
}

function place(cite) {
  const at = cite.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = card;
  card.style.left = `${Math.max(8, Math.min(at.left + at.width / 2 - width / 2, innerWidth - width - 8))}px`;
  card.style.top = `${at.top > height + 12 ? at.top - height - 6 : at.bottom + 6}px`;
}

export function hideQuote() {
  card?.remove();
  document.querySelector(".cite[aria-describedby]")?.removeAttribute("aria-describedby");
}

for (const event of ["pointerover", "focusin"]) {
  document.addEventListener(event, ({ target }) => {
    const cite = target.closest?.(".cite");
    if (!cite) return;
    showQuote(cite);
    prepare(cite).catch(() => {});
  });
}
for (const event of ["pointerout", "focusout"]) {
  document.addEventListener(event, ({ target }) => target.closest?.(".cite") && hideQuote());
}
document.addEventListener("scroll", () => {
  const cite = card?.isConnected && document.querySelector(".cite[aria-describedby]");
  if (!cite) return;
  const [at, thread] = [cite, document.getElementById("thread")].map((it) => it.getBoundingClientRect());
  if (at.bottom < thread.top || at.top > thread.bottom) hideQuote(); // it was scrolled out of sight
  else place(cite);
}, true);

// `toggle` does not bubble, so it is caught on its way down.
document.addEventListener("toggle", ({ target }) => {
  if (target.matches?.("details.card") && target.open) showProof(target);
}, true);
