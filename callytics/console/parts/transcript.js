// What was said. A word is clicked to hear it; the word that is heard is marked.
import { clock } from "../format.js";
import { html, memo, useEffect, useMemo, useRef, useState } from "../html.js";
import { Marked } from "../screens/calls.js";
import { t } from "../text.js";
import { Editor } from "./editor.js";

const DOUBTFUL = 0.5;
const NEAR_PX = "800px";
const PART = 25; // turns
const PARTS_AT_ONCE = 8;

/** The turns in parts: a call may have ten thousand. Those up to the current one are there at once, the rest after. */
export function Transcript({ result, at, current, q, onSeek, editing, drafts, onEdit, onSave }) {
  const parts = useMemo(() => inParts(result.transcript), [result]);
  const names = useMemo(() => Object.fromEntries(result.participants.map((p) => [p.participant_id, p.name])), [result]);
  const [count, setCount] = useState(1);
  const wanted = Math.max(count, parts.findIndex((turns) => turns.includes(current)) + 1);
  useEffect(() => {
    if (wanted >= parts.length) return undefined;
    const timer = setTimeout(() => setCount(wanted + PARTS_AT_ONCE));
    return () => clearTimeout(timer);
  }, [wanted, parts]);
  return html`
    <section class="transcript" aria-label=${t("transcript")}>
      <h2>${t("transcript")}</h2>
      ${parts.slice(0, wanted).map((turns, index) => {
        const has = turns.includes(current);
        const edited = turns.some((turn) => turn.id === editing) ? editing : null;
        return html`<${Part} key=${index} turns=${turns} names=${names} q=${q} onSeek=${onSeek} onEdit=${onEdit}
          current=${has ? current : null} at=${has ? at : null} edited=${edited} result=${edited && result} drafts=${drafts} onSave=${onSave} />`;
      })}
    </section>
  `;
}

function inParts(turns) {
  const count = Math.ceil(turns.length / PART);
  return Array.from({ length: count }, (_, index) => turns.slice(index * PART, (index + 1) * PART));
}

/** Some turns in a row; they have words that can be clicked while they are in sight or nearly so. */
const Part = memo(({ turns, names, q, current, at, edited, result, drafts, onSeek, onEdit, onSave }) => {
  const element = useRef(null);
  const [isNear, setNear] = useState(current !== null);
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => setNear(entry.isIntersecting), { rootMargin: NEAR_PX });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return html`
    <div class="turns" ref=${element}>
      ${turns.map((turn) => html`<${Turn} key=${turn.id} turn=${turn} name=${names[turn.participant_id]} q=${q} isNear=${isNear}
        at=${turn === current ? at : null} onSeek=${onSeek} onEdit=${onEdit}
        editor=${edited === turn.id ? { turns: result.transcript, participants: result.participants, drafts, onSave } : null} />`)}
    </div>
  `;
});

/** `editor`: what its form needs, while it is open. */
const Turn = memo(({ turn, name, at, q, isNear, editor, onSeek, onEdit }) => {
  const element = useRef(null);
  const isCurrent = at !== null;
  useEffect(() => {
    if (isCurrent && at > 0) element.current.scrollIntoView({ block: "nearest" });
  }, [isCurrent]);
  const beginS = turn.begin_offset_ms / 1000;
  return html`
    <article id=${`turn-${turn.id}`} ref=${element} class=${`turn ${turn.participant_role} ${turn.sentiment || ""}`} aria-current=${isCurrent ? "true" : undefined}>
      <header>
        <button class="quiet" onClick=${() => onSeek(beginS, true)}>${clock(beginS)}</button>
        <b>${name || t(turn.participant_role)}</b>
        ${turn.sentiment && turn.sentiment !== "NEUTRAL" && html`<span class="chip">${t(turn.sentiment)}</span>`}
        ${turn.flags.map((flag) => html`<span class="chip">${t(flag)}</span>`)}
        ${onEdit && !editor && html`<button class="quiet edit" onClick=${() => onEdit(turn.id)} title="e">${t("edit")}</button>`}
      </header>
      ${editor
        ? html`<${Editor} turn=${turn} ...${editor} onClose=${() => onEdit(null)} />`
        : html`<p dir="auto">${isNear && turn.items.length ? html`<${Words} turn=${turn} at=${at} q=${q} onSeek=${onSeek} />` : turn.content}</p>`}
    </article>
  `;
});

function Words({ turn, at, q, onSeek }) {
  const ms = at === null ? -1 : at * 1000;
  const seek = (event) => {
    const word = event.target.closest("[data-at]");
    if (word && getSelection().isCollapsed) onSeek(Number(word.dataset.at) / 1000);
  };
  return html`<span onClick=${seek}>${turn.items.map((item) => {
    const isRedacted = /^\[[A-Z_]+\]/.test(item.content);
    const isHeard = item.begin_offset_ms <= ms && ms < item.end_offset_ms;
    const names = [isRedacted && "redacted", item.confidence < DOUBTFUL && "doubtful", item.corrected && "corrected", isHeard && "heard"];
    return html`<span data-at=${item.begin_offset_ms} class=${names.filter(Boolean).join(" ")}
      title=${item.confidence < DOUBTFUL ? t("low_confidence") : undefined}><${Marked} text=${item.content} q=${q} /></span> `;
  })}</span>`;
}
