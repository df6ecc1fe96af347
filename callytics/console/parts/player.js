// The sound, and above it who speaks when: a lane per party, coloured by mood, as wide as the call is long.
import { clock } from "../format.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { t } from "../text.js";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];
const LANE_PX = 26;
const SILENCE_S = 1.5;

export function Player({ call, result, sound, at, onTime, onSeek, startAt }) {
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const [skips, setSkips] = useState(false);
  const lengthS = call.media.duration_ms / 1000;

  useEffect(() => {
    if (!isPlaying) return undefined;
    let frame;
    const tick = () => {
      const now = sound.current?.currentTime ?? 0;
      const next = skips ? nextSpeech(result?.transcript, now) : null;
      if (next !== null) sound.current.currentTime = next;
      onTime(now);
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, [isPlaying, skips, result]);

  const toggle = () => (sound.current.paused ? sound.current.play() : sound.current.pause());
  return html`
    <section class="player" aria-label=${t("recording")}>
      <audio ref=${sound} src=${`/v1/calls/${call.call_id}/audio?format=mp3`} preload="metadata"
        onPlay=${() => setPlaying(true)} onPause=${() => setPlaying(false)}
        onLoadedMetadata=${() => startAt && (sound.current.currentTime = startAt)}
        onSeeked=${() => onTime(sound.current.currentTime)}
        onRateChange=${() => setSpeed(sound.current.playbackRate)}></audio>
      ${result && html`<${Lanes} result=${result} lengthS=${lengthS} at=${at} onSeek=${onSeek} />`}
      <div class="controls">
        <button class="main" onClick=${toggle} aria-pressed=${isPlaying} title="Space">${t(isPlaying ? "pause" : "play")}</button>
        <output>${clock(at)} / ${clock(lengthS)}</output>
        <input type="range" min="0" max=${lengthS} step="0.1" value=${at} aria-label=${t("position")} aria-valuetext=${clock(at)}
          onInput=${(event) => onSeek(Number(event.target.value))} />
        <label>${t("speed")}
          <select value=${String(speed)} onChange=${(event) => (sound.current.playbackRate = Number(event.target.value))}>
            ${SPEEDS.map((value) => html`<option value=${String(value)}>${value}×</option>`)}
          </select>
        </label>
        <label><input type="checkbox" checked=${skips} onChange=${(event) => setSkips(event.target.checked)} /> ${t("skip_silence")}</label>
      </div>
    </section>
  `;
}

/** Where speech begins again, if nobody speaks now and for SILENCE_S; else null. */
function nextSpeech(turns, now) {
  if (!turns) return null;
  let next = Infinity;
  for (const turn of turns) {
    const [begin, end] = [turn.begin_offset_ms / 1000, turn.end_offset_ms / 1000];
    if (begin <= now && now <= end + 0.2) return null;
    if (begin > now) next = Math.min(next, begin);
  }
  return Number.isFinite(next) && next - now > SILENCE_S ? next - 0.2 : null;
}

function Lanes({ result, lengthS, at, onSeek }) {
  const canvas = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry.contentRect.width)));
    observer.observe(canvas.current.parentElement);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (width) paint(canvas.current, result, lengthS, width);
  }, [result, width, lengthS]);
  const seek = (event) => {
    const box = canvas.current.getBoundingClientRect();
    onSeek(((event.clientX - box.left) / box.width) * lengthS);
  };
  return html`
    <div class="lanes" role="img" aria-label=${t("timeline")} onPointerDown=${seek}
      onPointerMove=${(event) => event.buttons === 1 && seek(event)}>
      <canvas ref=${canvas}></canvas>
      <div class="head" style=${{ insetInlineStart: `${(100 * at) / lengthS}%` }}></div>
      <ol>${result.participants.map((party) => html`<li>${party.name || t(party.participant_role)}</li>`)}</ol>
    </div>
  `;
}

function paint(canvas, result, lengthS, width) {
  const density = devicePixelRatio || 1;
  const lanes = result.participants.map((party) => party.participant_id);
  const height = lanes.length * LANE_PX;
  Object.assign(canvas, { width: width * density, height: height * density });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const colour = (name) => {
    canvas.style.color = `var(${name})`; // a canvas takes no variables, but its own colour is computed
    return getComputedStyle(canvas).color;
  };
  const context = canvas.getContext("2d");
  context.scale(density, density);
  const x = (ms) => (ms / 1000 / lengthS) * width;
  for (const turn of result.transcript) {
    const top = lanes.indexOf(turn.participant_id) * LANE_PX;
    const extent = Math.max(1, x(turn.end_offset_ms) - x(turn.begin_offset_ms));
    context.fillStyle = colour(`--${(turn.sentiment || "NEUTRAL").toLowerCase()}`);
    context.fillRect(x(turn.begin_offset_ms), top + 3, extent, LANE_PX - 6);
    if (turn.overlap || turn.interruption) {
      context.fillStyle = colour("--text");
      context.fillRect(x(turn.begin_offset_ms), top + LANE_PX - 3, extent, 2);
    }
  }
}
