// Mood, pitch and loudness of every turn as lines under the waveform; the same as a table, for who reads with other senses.
import { clock } from "../format.js";
import { html, memo, useEffect, useRef, useState } from "../html.js";
import { t } from "../text.js";
import { prepared, seeking, useWidth } from "./lanes.js";

const STRIP_PX = 40;
const MOST_ROWS = 2000;
const COLOURS = { AGENT: "--agent", CUSTOMER: "--customer" };

/** What is drawn: a value per turn, or null; 0 is in the middle, and the edges are `edge` or the largest value. */
const STRIPS = [
  { name: "mood", edge: 5, of: mood, digits: 1 },
  { name: "pitch_change", edge: 2, of: (turn) => turn.voice?.pitch_change_semitones ?? null, digits: 1 },
  { name: "loudness_change", edge: 3, of: (turn) => turn.voice?.loudness_change_db ?? null, digits: 1 },
];

function mood(turn) {
  const scores = turn.sentiment_scores;
  return scores ? 5 * (scores.positive - scores.negative) : null;
}

export function Lines({ result, lengthS, at, onSeek }) {
  const [shown, setShown] = useState({ mood: true, pitch_change: true, loudness_change: true });
  const [hasTable, setTable] = useState(false);
  const strips = STRIPS.filter((strip) => shown[strip.name]);
  return html`
    <section class="lines" aria-label=${t("lines")}>
      <div class="legend">
        ${STRIPS.map(({ name }) => html`<label key=${name}><input type="checkbox" checked=${shown[name]} onChange=${(event) => setShown({ ...shown, [name]: event.target.checked })} /> ${t(name)}</label>`)}
        <ul>
          <li class="agent">${t("AGENT")}</li><li class="customer">${t("CUSTOMER")}</li>
          <li class="positive">${t("POSITIVE")}</li><li class="neutral">${t("NEUTRAL")}</li><li class="negative">${t("NEGATIVE")}</li>
          <li class="silence">${t("silence")}</li><li class="overlap">${t("overlap")}</li><li class="interruption">${t("interruption")}</li>
          <li class="hidden-part">${t("redacted")}</li>
        </ul>
      </div>
      ${strips.map((strip) => html`<${Strip} key=${strip.name} strip=${strip} result=${result} lengthS=${lengthS} at=${at} onSeek=${onSeek} />`)}
      <details onToggle=${(event) => setTable(event.target.open)}>
        <summary>${t("as_table")}</summary>
        ${hasTable && html`<${Table} result=${result} onSeek=${onSeek} />`}
      </details>
    </section>
  `;
}

function Strip({ strip, result, lengthS, at, onSeek }) {
  const [element, width] = useWidth();
  const canvas = useRef(null);
  useEffect(() => {
    if (width) paint(canvas.current, strip, result, lengthS, width);
  }, [strip, result, lengthS, width]);
  const { onPointerDown, onPointerMove } = seeking(lengthS, at, onSeek); // by keyboard: the waveform above
  return html`
    <div class="strip">
      <span>${t(strip.name)}</span>
      <div ref=${element} onPointerDown=${onPointerDown} onPointerMove=${onPointerMove}>
        <canvas ref=${canvas} role="img" aria-label=${`${t(strip.name)}: ${t("as_table")}`}></canvas>
        <div class="head" style=${{ insetInlineStart: `${(100 * at) / lengthS}%` }}></div>
      </div>
    </div>
  `;
}

function paint(canvas, { of, edge: least }, result, lengthS, width) {
  const edge = result.transcript.reduce((most, turn) => Math.max(most, Math.abs(of(turn) ?? 0)), least);
  const { context, colour } = prepared(canvas, width, STRIP_PX);
  const x = (ms) => (ms / 1000 / lengthS) * width;
  const y = (value) => STRIP_PX / 2 - (Math.max(-edge, Math.min(edge, value)) / edge) * (STRIP_PX / 2 - 3);
  context.strokeStyle = colour("--line");
  context.strokeRect(-1, Math.round(STRIP_PX / 2) + 0.5, width + 2, STRIP_PX);
  for (const party of result.participants) {
    context.strokeStyle = colour(COLOURS[party.participant_role] || "--faint");
    let last = null; // a thin line leads to where the party speaks again
    for (const turn of result.transcript) {
      const value = turn.participant_id === party.participant_id ? of(turn) : null;
      if (value === null) continue;
      const here = { begin: x(turn.begin_offset_ms), end: Math.max(x(turn.begin_offset_ms) + 2, x(turn.end_offset_ms)), y: y(value) };
      if (last) line(context, 0.5, last.end, last.y, here.begin, here.y);
      line(context, 3, here.begin, here.y, here.end, here.y);
      last = here;
    }
  }
}

function line(context, thickness, fromX, fromY, toX, toY) {
  context.lineWidth = thickness;
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

const Table = memo(({ result, onSeek }) => {
  const names = Object.fromEntries(result.participants.map((party) => [party.participant_id, party.name]));
  const gaps = result.conversation_characteristics.non_talk_time.instances.map((gap) => ({ ...gap, gap: true }));
  const rows = [...result.transcript, ...gaps].sort((one, other) => one.begin_offset_ms - other.begin_offset_ms);
  const number = (value, digits) => (value === null ? "" : `${value > 0 ? "+" : ""}${value.toFixed(digits)}`);
  return html`
    <div class="wide" tabindex="0" role="region" aria-label=${t("as_table")}>
      <table>
        <thead><tr><th>${t("position")}</th><th>${t("speaker")}</th>${STRIPS.map((strip) => html`<th class="number">${t(strip.name)}</th>`)}<th>${t("marks")}</th></tr></thead>
        <tbody>
          ${rows.slice(0, MOST_ROWS).map((row) => html`<tr>
            <td><button class="quiet" onClick=${() => onSeek(row.begin_offset_ms / 1000)}>${clock(row.begin_offset_ms / 1000)}</button></td>
            <td>${row.gap ? "" : names[row.participant_id] || t(row.participant_role)}</td>
            ${STRIPS.map(({ of, digits }) => html`<td class="number">${row.gap ? "" : number(of(row), digits)}</td>`)}
            <td>${marks(row)}</td>
          </tr>`)}
        </tbody>
      </table>
      ${rows.length > MOST_ROWS && html`<p>${t("first_rows", { n: MOST_ROWS, of: rows.length })}</p>`}
    </div>
  `;
});

function marks(row) {
  if (row.gap) return `${t("silence")} ${t("only_s", { s: (row.duration_ms / 1000).toFixed(1) })}`;
  const found = [row.overlap && "overlap", row.interruption && "interruption", row.redactions.length > 0 && "redacted", ...row.flags];
  return found.filter(Boolean).map((one) => t(one)).join(", ");
}
