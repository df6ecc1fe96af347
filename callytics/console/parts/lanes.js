// The call as it looks: a lane per party with its waveform, coloured by mood where the party speaks.
import { clock } from "../format.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { t } from "../text.js";

const LANE_PX = 44;
const STEP_S = 5;
const PAGE_S = 30;

/** The width of an element in pixels, now. */
export function useWidth() {
  const element = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry.contentRect.width)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}

/** A canvas of this size to paint on, and the colours of the style sheet, which a canvas does not know. */
export function prepared(canvas, width, height) {
  const density = devicePixelRatio || 1;
  Object.assign(canvas, { width: width * density, height: height * density });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const known = {};
  const colour = (name) => {
    if (!known[name]) {
      canvas.style.color = `var(${name})`;
      known[name] = getComputedStyle(canvas).color;
    }
    return known[name];
  };
  const context = canvas.getContext("2d");
  context.scale(density, density);
  return { context, colour };
}

/** What a pointer or a key does to something as wide as the call. */
export function seeking(lengthS, at, onSeek) {
  const seek = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    onSeek(Math.min(lengthS, Math.max(0, ((event.clientX - box.left) / box.width) * lengthS)));
  };
  const byKey = { Home: 0, End: lengthS, PageUp: at - PAGE_S, PageDown: at + PAGE_S, ArrowUp: at + STEP_S, ArrowDown: at - STEP_S };
  return {
    onPointerDown: (event) => {
      event.currentTarget.setPointerCapture?.(event.pointerId);
      seek(event);
    },
    onPointerMove: (event) => event.buttons === 1 && seek(event),
    onKeyDown: (event) => {
      if (!(event.key in byKey)) return;
      event.preventDefault();
      onSeek(Math.min(lengthS, Math.max(0, byKey[event.key])));
    },
  };
}

export function Lanes({ result, waveform, lengthS, at, looped, onSeek }) {
  const [element, width] = useWidth();
  const canvas = useRef(null);
  useEffect(() => {
    if (width) paint(canvas.current, result, waveform, lengthS, width);
  }, [result, waveform, width, lengthS]);
  const part = (ms) => `${(100 * ms) / 1000 / lengthS}%`;
  return html`
    <div class="lanes" ref=${element} role="slider" tabindex="0" aria-label=${t("timeline")} aria-valuemin="0"
      aria-valuemax=${Math.round(lengthS)} aria-valuenow=${Math.round(at)} aria-valuetext=${clock(at)} ...${seeking(lengthS, at, onSeek)}>
      <canvas ref=${canvas} aria-hidden="true"></canvas>
      ${looped && html`<div class="loop" style=${{ insetInlineStart: part(looped.begin_offset_ms), width: part(looped.end_offset_ms - looped.begin_offset_ms) }}></div>`}
      <div class="head" style=${{ insetInlineStart: `${(100 * at) / lengthS}%` }}></div>
      <ol aria-hidden="true">${result.participants.map((party) => html`<li>${party.name || t(party.participant_role)}</li>`)}</ol>
    </div>
  `;
}

function paint(canvas, result, waveform, lengthS, width) {
  const parties = result.participants;
  const { context, colour } = prepared(canvas, width, parties.length * LANE_PX);
  const x = (ms) => Math.floor((ms / 1000 / lengthS) * width);
  const to = (turn) => Math.max(x(turn.begin_offset_ms) + 1, x(turn.end_offset_ms));
  const lane = Object.fromEntries(parties.map((party, index) => [party.participant_id, index]));
  context.fillStyle = colour("--line");
  for (const gap of result.conversation_characteristics.non_talk_time.instances) {
    context.globalAlpha = 0.4;
    context.fillRect(x(gap.begin_offset_ms), 0, x(gap.end_offset_ms) - x(gap.begin_offset_ms), parties.length * LANE_PX);
  }
  context.globalAlpha = 1;
  const moods = parties.map(() => new Array(width).fill(null)); // of each column, where the party speaks
  for (const turn of result.transcript) {
    moods[lane[turn.participant_id]]?.fill((turn.sentiment || "NEUTRAL").toLowerCase(), x(turn.begin_offset_ms), to(turn));
  }
  parties.forEach((party, index) => {
    const top = index * LANE_PX;
    const columns = waveform && peaks(waveform, channelOf(parties, party), lengthS, width);
    const isAlone = channelOf(parties, party) !== null;
    for (let column = 0; column < width; column += 1) {
      const mood = moods[index][column];
      if (!mood && !(columns && isAlone)) continue; // others may be heard there
      const high = columns ? Math.max(0.03, columns[column]) : 0.5;
      context.fillStyle = colour(mood ? `--${mood}` : "--line");
      context.fillRect(column, top + (LANE_PX / 2) * (1 - high * 0.9), 1, LANE_PX * high * 0.9);
      if (mood && moods.some((other, number) => number !== index && other[column])) {
        context.fillStyle = colour("--text"); // both at once
        context.fillRect(column, top + LANE_PX - 3, 1, 2);
      }
    }
  });
  for (const turn of result.transcript) {
    const top = lane[turn.participant_id] * LANE_PX;
    if (turn.interruption) {
      context.fillStyle = colour("--problem");
      context.beginPath();
      context.moveTo(x(turn.begin_offset_ms) - 4, top);
      context.lineTo(x(turn.begin_offset_ms) + 4, top);
      context.lineTo(x(turn.begin_offset_ms), top + 8);
      context.fill();
    }
    for (const hidden of turn.redactions) {
      context.fillStyle = colour("--text"); // the tone is on every channel
      context.fillRect(x(hidden.begin_offset_ms), 2, Math.max(2, x(hidden.end_offset_ms) - x(hidden.begin_offset_ms)), parties.length * LANE_PX - 4);
    }
  }
}

/** The channel that is this party's own; null where parties share one. */
function channelOf(parties, party) {
  const sharing = parties.filter((other) => other.channel_index === party.channel_index);
  return party.channel_index === null || sharing.length > 1 ? null : party.channel_index;
}

/** How far the sound goes from zero in each column, from 0 to 1 of the loudest; of all channels if `channel` is null. */
function peaks(waveform, channel, lengthS, width) {
  const { channels, data, length } = waveform;
  const bucketS = waveform.samples_per_pixel / waveform.sample_rate;
  const chosen = channel !== null && channel < channels ? [channel] : [...new Array(channels).keys()];
  const high = (bucket) => {
    let found = 0;
    for (const one of chosen) found = Math.max(found, data[2 * (bucket * channels + one) + 1], -data[2 * (bucket * channels + one)]);
    return found;
  };
  const columns = new Array(width).fill(0);
  for (let column = 0; column < width; column += 1) {
    const first = Math.floor(((column / width) * lengthS) / bucketS);
    const last = Math.max(first + 1, Math.floor((((column + 1) / width) * lengthS) / bucketS));
    for (let bucket = first; bucket < Math.min(last, length); bucket += 1) columns[column] = Math.max(columns[column], high(bucket));
  }
  const loudest = Math.max(10, columns.reduce((most, one) => Math.max(most, one), 0));
  return columns.map((one) => one / loudest);
}
