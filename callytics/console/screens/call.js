// One call: heard, read and understood, each from the other.
import { address, request } from "../api.js";
import { clock, moment } from "../format.js";
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { useAsked } from "../parts/asked.js";
import { useDrafts } from "../parts/drafts.js";
import { typedFor } from "../parts/editor.js";
import { Findings } from "../parts/findings.js";
import { useKeys } from "../parts/keys.js";
import { Lines } from "../parts/lines.js";
import { play, Player, toggle } from "../parts/player.js";
import { useStable } from "../parts/stable.js";
import { Transcript } from "../parts/transcript.js";
import { inWords } from "../problems.js";
import { go, replace } from "../route.js";
import { named, t } from "../text.js";

const RUNNING = new Set(["QUEUED", "PROCESSING", "IN_PROGRESS"]);
const WHILE_RUNNING_MS = 1000;
const OTHERWISE_MS = 10_000; // others may correct it, or have it analysed again
const NOTE_MS = 2000;
const BUCKETS = 4000; // as wide as the widest screen
const FORMATS = ["txt", "srt", "vtt", "csv", "rttm", "json"];

export function Call({ id, query, may, onLost }) {
  const { answer: call, problem, askAgain } = useAsked(
    (signal) => request("GET", `/v1/calls/${id}`, { signal }),
    [id],
    (view) => (RUNNING.has(view.job_status) ? WHILE_RUNNING_MS : OTHERWISE_MS),
    onLost,
  );
  useEffect(() => {
    addEventListener("focus", askAgain);
    return () => removeEventListener("focus", askAgain);
  }, []);
  const asked = useAsked(
    (signal) => (call?.result_at ? request("GET", `/v1/calls/${id}/result`, { signal }) : Promise.resolve(null)),
    [id, call?.result_at],
    0,
    onLost,
  );
  const result = asked.answer;
  const outline = useAsked(
    (signal) => (call?.result_at ? request("GET", `/v1/calls/${id}/waveform`, { query: { buckets: BUCKETS }, signal }) : Promise.resolve(null)),
    [id, call?.options.redact_pii ? call?.result_at : Boolean(call?.result_at)],
    0,
    onLost,
  );
  const [at, setAt] = useState(Number(query.at) || 0);
  const [editing, setEditing] = useState(null);
  const [note, setNote] = useState("");
  const [skips, setSkips] = useState(false);
  const [looped, setLooped] = useState(null);
  const sound = useRef(null);
  const sought = useRef(Number(query.at) || null); // the second that was asked for, while the sound is not there yet
  const drafts = useDrafts();
  const turns = result?.transcript || [];
  const current = useMemo(() => turnAt(turns, at), [turns, at]);
  const mayFix = may("calls:write");

  const heard = (seconds, isSettled) => {
    if (isSettled) sought.current = null;
    if (sought.current === null) setAt(seconds);
  };
  const seek = (seconds, plays = false) => {
    sought.current = seconds;
    if (sound.current) {
      sound.current.currentTime = seconds;
      if (plays) play(sound.current);
    }
    setAt(seconds);
  };
  const now = () => sought.current ?? at;
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
  const say = (text) => {
    setNote(text);
    setTimeout(() => setNote((shown) => (shown === text ? "" : shown)), NOTE_MS);
  };
  const copyLink = async () => {
    replace(["calls", id], { at: now().toFixed(1) });
    try {
      await navigator.clipboard.writeText(location.href);
      say(t("copied"));
    } catch {
      say(t("not_copied")); // a browser gives its clipboard to safe origins only
    }
  };
  const loop = (on) => setLooped(on && current ? current : null);
  const speed = (step) => (sound.current.playbackRate = Math.min(3, Math.max(0.5, sound.current.playbackRate + step)));
  useKeys(
    {
      " ": () => sound.current && toggle(sound.current),
      ArrowLeft: () => seek(Math.max(0, now() - 5)),
      ArrowRight: () => seek(Math.min(call.media.duration_ms / 1000, now() + 5)),
      j: () => toTurn(1),
      k: () => toTurn(-1),
      "[": () => speed(-0.25),
      "]": () => speed(0.25),
      s: () => setSkips(!skips),
      l: () => loop(!looped),
      c: copyLink,
      e: () => mayFix && current && setEditing(current.id),
      z: () => mayFix && undoLast(),
      Escape: () => (editing ? setEditing(null) : go(["calls"])),
    },
    [at, turns, editing, current, skips, looped, call],
  );
  const hasOpened = useRef(false);
  useEffect(() => {
    if (hasOpened.current || !result) return;
    hasOpened.current = true; // a later result is of the same call: who reads stays where they are
    if (!query.at) return;
    seek(Number(query.at));
    document.getElementById(`turn-${turnAt(turns, Number(query.at))?.id}`)?.scrollIntoView({ block: "center" });
  }, [result]);

  /** Whether the server took it. */
  const send = async (method, path, body) => {
    try {
      await request(method, path, { body });
      setNote("");
      return true;
    } catch (error) {
      setNote(error.status ? error.message : t("no_server"));
      return false;
    } finally {
      askAgain();
    }
  };
  const change = (body) => send("PATCH", `/v1/calls/${id}`, body);
  const undo = (correctionId) => send("POST", `/v1/calls/${id}/corrections/${correctionId}/undo`);
  const undoLast = async () => {
    try {
      const { corrections } = await request("GET", `/v1/calls/${id}/corrections`);
      const last = corrections.findLast((one) => !one.undone_at);
      if (last) await undo(last.correction_id);
      else say(t("nothing_to_undo"));
    } catch (error) {
      setNote(error.status ? error.message : t("no_server"));
    }
  };
  const stable = useStable({ seek, showTurn, change, undo, edit: setEditing, lost: onLost });
  if (!call) return html`<p class="notice" role="status">${problem || t("loading")}</p>`;
  const fixes = mayFix ? { onSave: stable.change, onUndo: stable.undo } : {};
  const lost = (result?.corrections || []).filter((one) => one.status === "NOT_APPLIED").length;
  const orphan = editing && result && !turns.some((turn) => turn.id === editing) && typedFor(drafts, editing);
  return html`
    <div class="title">
      <a href="#/calls">← ${t("back")}</a>
      <h1>${call.metadata.external_id || call.filename || call.call_id}</h1>
      <small>${moment(call.metadata.started_at || call.created_at)} · ${clock(call.media.duration_ms / 1000)} · ${call.language_code || ""}
        ${call.metadata.agent_id && ` · ${call.metadata.agent_id}`}</small>
      <span class="space"></span>
      <span role="status">${note || (RUNNING.has(call.job_status) ? t(call.job_status) : "")}</span>
      ${RUNNING.has(call.job_status) && html`<progress max="1" value=${call.progress} aria-label=${t("status")}></progress>`}
      ${result && mayFix && html`<button onClick=${() => change({ roles: swapped(result.participants) })}>${t("swap_roles")}</button>`}
      ${result?.corrections.length > 0 && mayFix && html`<button onClick=${undoLast} title="z">${t("undo")}</button>`}
      <button onClick=${copyLink} title="c">${t("copy_link")}</button>
      <details class="menu">
        <summary class="button">${t("export")}</summary>
        <ul>
          ${FORMATS.map((format) => html`<li><a href=${address(`/v1/calls/${id}/transcript`, { format })} download=${`${id}.${format}`}>${t("transcript")}: ${format}</a></li>`)}
          <li><a href=${`/v1/calls/${id}/result`} download=${`${id}.result.json`}>${t("whole_result")}</a></li>
          <li><a href=${`/v1/calls/${id}/audio`} download>${t("recording")}</a></li>
          <li><a href=${`/v1/calls/${id}/audio?enhanced=true`} download>${t("cleaned_recording")}</a></li>
        </ul>
      </details>
    </div>
    ${problem && html`<p class="notice" role="status">${problem}</p>`}
    ${call.error && html`<p class="problem" role="alert">${named("stage", call.error.stage)}: ${inWords(call.error.code, call.error.message)}</p>`}
    ${lost > 0 && html`<p class="problem" role="status">${t("lost_corrections", { n: lost })}</p>`}
    ${orphan && html`<p class="problem" role="alert">${t("turn_changed")} <q>${orphan}</q> <button onClick=${() => setEditing(null)}>${t("close")}</button></p>`}
    <${Player} call=${call} result=${result} waveform=${outline.answer} sound=${sound} at=${at} startAt=${now} skips=${skips} looped=${looped}
      onSkips=${setSkips} onLoop=${loop} onTime=${heard} onSeek=${seek} />
    ${result && html`<${Lines} result=${result} lengthS=${call.media.duration_ms / 1000} at=${at} onSeek=${stable.seek} />`}
    ${result
      ? html`<div class="columns">
          <${Transcript} result=${result} at=${at} current=${current} q=${query.q} onSeek=${stable.seek} editing=${editing} drafts=${drafts}
            onEdit=${mayFix ? stable.edit : undefined} onSave=${stable.change} />
          <${Findings} call=${call} result=${result} drafts=${drafts} onTurn=${stable.showTurn} onSeek=${stable.seek} onLost=${stable.lost} ...${fixes} />
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
