// One call: heard, read and understood, each from the other.
import { address, request } from "../api.js";
import { clock, moment } from "../format.js";
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { useAsked } from "../parts/asked.js";
import { Findings } from "../parts/findings.js";
import { useKeys } from "../parts/keys.js";
import { Player } from "../parts/player.js";
import { Transcript } from "../parts/transcript.js";
import { go, link, replace } from "../route.js";
import { t } from "../text.js";

const RUNNING = new Set(["QUEUED", "PROCESSING", "IN_PROGRESS"]);
const WHILE_RUNNING_MS = 1000;
const FORMATS = ["txt", "srt", "vtt", "csv", "json"];

export function Call({ id, query, may, onLost }) {
  const { answer: call, problem, askAgain } = useAsked(
    (signal) => request("GET", `/v1/calls/${id}`, { signal }),
    [id],
    (view) => (RUNNING.has(view.job_status) ? WHILE_RUNNING_MS : 0),
    onLost,
  );
  const asked = useAsked(
    (signal) => (call?.result_at ? request("GET", `/v1/calls/${id}/result`, { signal }) : Promise.resolve(null)),
    [id, call?.result_at],
    0,
    onLost,
  );
  const result = asked.answer;
  const [at, setAt] = useState(Number(query.at) || 0);
  const [editing, setEditing] = useState(null);
  const [note, setNote] = useState("");
  const sound = useRef(null);
  const turns = result?.transcript || [];
  const current = useMemo(() => turnAt(turns, at), [turns, at]);

  const seek = (seconds, plays = false) => {
    if (sound.current) {
      sound.current.currentTime = seconds;
      if (plays) sound.current.play();
    }
    setAt(seconds);
  };
  const toTurn = (step) => {
    const index = Math.min(Math.max(turns.indexOf(current) + step, 0), turns.length - 1);
    if (turns[index]) seek(turns[index].begin_offset_ms / 1000);
  };
  const showTurn = (turnId) => {
    const turn = turns.find((one) => one.id === turnId);
    if (!turn) return;
    seek(turn.begin_offset_ms / 1000);
    document.getElementById(`turn-${turnId}`)?.scrollIntoView({ block: "center" });
  };
  const copyLink = async () => {
    replace(["calls", id], { at: at.toFixed(1) });
    await navigator.clipboard?.writeText(location.href);
    setNote(t("copied"));
    setTimeout(() => setNote(""), 2000);
  };
  useKeys(
    {
      " ": () => (sound.current?.paused ? sound.current.play() : sound.current?.pause()),
      ArrowLeft: () => seek(Math.max(0, at - 5)),
      ArrowRight: () => seek(at + 5),
      j: () => toTurn(1),
      k: () => toTurn(-1),
      "[": () => (sound.current.playbackRate = Math.max(0.5, sound.current.playbackRate - 0.25)),
      "]": () => (sound.current.playbackRate = Math.min(3, sound.current.playbackRate + 0.25)),
      c: copyLink,
      e: () => may("calls:write") && current && setEditing(current.id),
      Escape: () => (editing ? setEditing(null) : go(["calls"])),
    },
    [at, turns, editing, current],
  );
  useEffect(() => {
    if (!query.at || !result) return;
    seek(Number(query.at));
    document.getElementById(`turn-${turnAt(turns, Number(query.at))?.id}`)?.scrollIntoView({ block: "center" });
  }, [result]);

  const change = async (body) => {
    try {
      await request("PATCH", `/v1/calls/${id}`, { body });
      setEditing(null);
    } catch (error) {
      setNote(error.message || t("no_server"));
    }
    askAgain();
  };
  if (!call) return html`<p class="notice" role="status">${problem || t("loading")}</p>`;
  return html`
    <div class="title">
      <a href="#/calls">← ${t("back")}</a>
      <h1>${call.metadata.external_id || call.filename || call.call_id}</h1>
      <small>${moment(call.metadata.started_at || call.created_at)} · ${clock(call.media.duration_ms / 1000)} · ${call.language_code || ""}
        ${call.metadata.agent_id && ` · ${call.metadata.agent_id}`}</small>
      <span class="space"></span>
      <span role="status">${note || (RUNNING.has(call.job_status) ? t(call.job_status) : "")}</span>
      ${RUNNING.has(call.job_status) && html`<progress max="1" value=${call.progress} aria-label=${t("status")}></progress>`}
      ${result && may("calls:write") && html`<button onClick=${() => change({ roles: swapped(result.participants) })}>${t("swap_roles")}</button>`}
      <button onClick=${copyLink} title="c">${t("copy_link")}</button>
      <details class="menu">
        <summary class="button">${t("export")}</summary>
        <ul>
          ${FORMATS.map((format) => html`<li><a href=${address(`/v1/calls/${id}/transcript`, { format })} download=${`${id}.${format}`}>${format}</a></li>`)}
          <li><a href=${`/v1/calls/${id}/audio`} download>${t("recording")}</a></li>
        </ul>
      </details>
    </div>
    ${problem && html`<p class="notice" role="status">${problem}</p>`}
    ${call.error && html`<p class="problem" role="alert">${call.error.stage}: ${call.error.message}</p>`}
    <${Player} call=${call} result=${result} sound=${sound} at=${at} onTime=${setAt} onSeek=${seek} startAt=${Number(query.at) || 0} />
    ${result
      ? html`<div class="columns">
          <${Transcript} result=${result} at=${at} current=${current} q=${query.q} onSeek=${seek} editing=${editing}
            onEdit=${may("calls:write") ? setEditing : undefined} onSave=${(turnId, content) => change({ turns: [{ turn_id: turnId, content }] })} />
          <${Findings} result=${result} onTurn=${showTurn} />
        </div>`
      : html`<p class="notice" role="status">${asked.problem || t(RUNNING.has(call.job_status) ? call.job_status : "not_ready")}</p>`}
  `;
}

function swapped(participants) {
  const other = { AGENT: "CUSTOMER", CUSTOMER: "AGENT" };
  return Object.fromEntries(participants.map((p) => [p.participant_id, other[p.participant_role] || p.participant_role]));
}

/** The turn that is heard at this second; between two, the one before. */
export function turnAt(turns, seconds) {
  let found = turns[0];
  for (const turn of turns) {
    if (turn.begin_offset_ms / 1000 > seconds + 0.001) break;
    found = turn;
  }
  return found;
}
