// The words of a search in a text.
import { html } from "../html.js";

const CJK = /[\u3131-\u318f\u4e00-\u9fff\uac00-\ud7a3\u3040-\u30ff]/;
const END = { cjk: 2, other: 3 }; // syllables or letters that a particle or an ending may have
const LEAST = { cjk: 2, other: 3 };

/** The beginnings of a word that the search takes for the word: "환불을" is found as "환불이", "refunds" as "refund". */
function beginnings(word) {
  const kind = CJK.test(word) ? "cjk" : "other";
  const letters = [...word];
  const shortest = Math.min(letters.length, Math.max(LEAST[kind], letters.length - END[kind]));
  const found = [];
  for (let length = letters.length; length >= shortest; length -= 1) found.push(letters.slice(0, length).join(""));
  return found;
}

/** The text with the words of the search marked. Never as HTML: what was said may hold anything. */
export function Marked({ text, q }) {
  const words = (q || "").replaceAll('"', " ").split(/\s+/).filter(Boolean).flatMap(beginnings);
  if (!words.length) return text;
  words.sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(${words.map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "giu");
  return text.split(pattern).map((part, index) => (index % 2 ? html`<mark>${part}</mark>` : part));
}
