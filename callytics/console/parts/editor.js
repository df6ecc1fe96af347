// Fixing a turn: its words, who said it, how it sounds; where it is two turns, or one with the next.
import { html, useEffect, useRef, useState } from "../html.js";
import { t } from "../text.js";
import { useDraft } from "./drafts.js";

const MOODS = ["POSITIVE", "NEUTRAL", "NEGATIVE"];

/** `onSave(body)`: the body of PATCH /v1/calls/{id}; tells whether it was taken. */
export function Editor({ turn, turns, participants, drafts, onSave, onClose }) {
  const field = useRef(null);
  const [opened] = useState(turn); // the call may be analysed again meanwhile, and t5 be another turn
  const [draft, change, forget] = useDraft(drafts, draftKey(opened), asIs(opened));
  const [splits, setSplits] = useState(false);
  useEffect(() => field.current.focus(), []);
  const isAnother = turn.begin_offset_ms !== opened.begin_offset_ms || turn.end_offset_ms !== opened.end_offset_ms;

  const send = async (body) => {
    if (isAnother) return;
    if (await onSave(body)) {
      forget();
      onClose();
    }
  };
  const save = () => {
    const changed = { turn_id: turn.id };
    if (draft.content.trim() !== turn.content) changed.content = draft.content.trim();
    if (draft.speaker !== turn.participant_id) changed.participant_id = draft.speaker;
    if (draft.mood && draft.mood !== turn.sentiment) changed.sentiment = draft.mood;
    if (Object.keys(changed).length > 1) return send({ turns: [changed] });
    forget();
    return onClose();
  };
  const cancel = () => {
    forget();
    onClose();
  };
  const pressed = (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      cancel();
    }
    if (event.key === "Enter" && event.target === field.current && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      save();
    }
  };
  const index = turns.indexOf(turn);
  const ofParty = turns.slice(index + 1).find((other) => other.participant_id === turn.participant_id);
  const following = [...new Set([turns[index + 1], ofParty])].filter(Boolean);
  const name = (id) => {
    const party = participants.find((one) => one.participant_id === id);
    return party?.name || `${t(party?.participant_role || "UNKNOWN")} (${id})`;
  };
  return html`
    <div class="editor" onKeyDown=${pressed}>
      ${isAnother && html`<p class="problem" role="alert">${t("turn_changed")}</p>`}
      <textarea ref=${field} rows="3" dir="auto" aria-label=${t("edit")} value=${draft.content}
        onInput=${(event) => change({ ...draft, content: event.target.value })}></textarea>
      <div class="controls">
        <label>${t("speaker")}
          <select value=${draft.speaker} onChange=${(event) => change({ ...draft, speaker: event.target.value })}>
            ${participants.map((party) => html`<option value=${party.participant_id}>${name(party.participant_id)}</option>`)}
          </select>
        </label>
        ${turn.sentiment && html`<label>${t("mood")}
          <select value=${draft.mood} onChange=${(event) => change({ ...draft, mood: event.target.value })}>
            ${MOODS.map((mood) => html`<option value=${mood}>${t(mood)}</option>`)}
          </select>
        </label>`}
        <button class="main" onClick=${save} disabled=${isAnother}>${t("save")}</button> <button onClick=${cancel}>${t("cancel")}</button>
        <span class="space"></span>
        ${turn.items.length > 1 && html`<button aria-expanded=${splits} onClick=${() => setSplits(!splits)} disabled=${isAnother}>${t("split")}</button>`}
        ${following.map((other) => html`<button disabled=${isAnother}
          onClick=${() => send({ merges: [{ turn_id: turn.id, next_turn_id: other.id }] })}>${t("join_with", { turn: other.id, who: name(other.participant_id) })}</button>`)}
      </div>
      ${splits && html`<${Splitter} turn=${turn} participants=${participants} name=${name} onSplit=${(split) => send({ splits: [split] })} />`}
    </div>
  `;
}

function Splitter({ turn, participants, name, onSplit }) {
  const [second, setSecond] = useState(turn.participant_id);
  const split = (word) => onSplit({ turn_id: turn.id, word, ...(second === turn.participant_id ? {} : { participant_id: second }) });
  return html`
    <fieldset class="splitter">
      <legend>${t("split_hint")}</legend>
      <label>${t("second_speaker")}
        <select value=${second} onChange=${(event) => setSecond(event.target.value)}>
          ${participants.map((party) => html`<option value=${party.participant_id}>${name(party.participant_id)}</option>`)}
        </select>
      </label>
      <p dir="auto">${turn.items.map((item, word) => (word ? html`<button class="term" onClick=${() => split(word)}>${item.content}</button> ` : html`${item.content} `))}</p>
    </fieldset>
  `;
}

/** By its bounds as well: after a new analysis t5 may be another turn, whose form must not show this text. */
function draftKey(turn) {
  return `turn ${turn.id} ${turn.begin_offset_ms} ${turn.end_offset_ms}`;
}

/** What was typed for a turn of this id and not saved; undefined: nothing. */
export function typedFor(drafts, turnId) {
  const key = [...drafts.keys()].find((one) => one.startsWith(`turn ${turnId} `));
  return drafts.get(key)?.content;
}

function asIs(turn) {
  return { content: turn.content, speaker: turn.participant_id, mood: turn.sentiment };
}
