// The sound, and above it how it looks.
import { clock } from "../format.js";
import { html, useEffect, useState } from "../html.js";
import { t } from "../text.js";
import { Lanes } from "./lanes.js";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const SILENCE_S = 1.5;

/**
 * `onTime(seconds, isSettled)`: what is heard now; settled: no seek is under way.
 * `looped`: the turn that is heard again and again, or null.
 */
export function Player({ call, result, waveform, sound, at, startAt, skips, looped, onSkips, onLoop, onTime, onSeek }) {
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const [problem, setProblem] = useState(false);
  const lengthS = call.media.duration_ms / 1000;

  useEffect(() => {
    if (!isPlaying) return undefined;
    let frame;
    const tick = () => {
      const audio = sound.current;
      const now = audio?.currentTime ?? 0;
      if (audio && !audio.seeking) {
        const next = looped ? backToBegin(looped, now) : skips ? nextSpeech(result?.transcript, now) : null;
        if (next !== null) audio.currentTime = next;
      }
      onTime(now, !audio?.seeking);
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, [isPlaying, skips, looped, result]);

  return html`
    <section class="player" aria-label=${t("recording")}>
      <audio ref=${sound} src=${`/v1/calls/${call.call_id}/audio?format=mp3`} preload="metadata"
        onPlay=${() => setPlaying(true)} onPause=${() => setPlaying(false)} onError=${() => setProblem(true)}
        onLoadedMetadata=${() => {
          setProblem(false);
          if (startAt()) sound.current.currentTime = startAt();
        }}
        onSeeked=${() => onTime(sound.current.currentTime, !sound.current.seeking)}
        onRateChange=${() => setSpeed(sound.current.playbackRate)}></audio>
      ${result && html`<${Lanes} result=${result} waveform=${waveform} lengthS=${lengthS} at=${at} looped=${looped} onSeek=${onSeek} />`}
      ${problem && html`<p class="problem" role="alert">${t("no_sound")}</p>`}
      <div class="controls">
        <button class="main" onClick=${() => toggle(sound.current)} aria-pressed=${isPlaying} title="Space">${t(isPlaying ? "pause" : "play")}</button>
        <output>${clock(at)} / ${clock(lengthS)}</output>
        <input type="range" min="0" max=${lengthS} step="0.1" value=${at} aria-label=${t("position")} aria-valuetext=${clock(at)}
          onInput=${(event) => onSeek(Number(event.target.value))} />
        <label>${t("speed")}
          <select value=${String(speed)} onChange=${(event) => (sound.current.playbackRate = Number(event.target.value))}>
            ${[...new Set([...SPEEDS, speed])].sort((one, other) => one - other).map((value) => html`<option value=${String(value)}>${value}×</option>`)}
          </select>
        </label>
        <label title="s"><input type="checkbox" checked=${skips} onChange=${(event) => onSkips(event.target.checked)} /> ${t("skip_silence")}</label>
        ${result && html`<label title="l"><input type="checkbox" checked=${looped !== null} onChange=${(event) => onLoop(event.target.checked)} /> ${t("loop_turn")}</label>`}
      </div>
    </section>
  `;
}

/** A browser refuses to play what is paused before it began; nobody has to be told. */
export function play(audio) {
  audio.play().catch(() => {});
}

export function toggle(audio) {
  if (audio.paused) play(audio);
  else audio.pause();
}

/** The begin of a turn that has been heard to its end, or was left; else null. */
function backToBegin(turn, now) {
  const [begin, end] = [turn.begin_offset_ms / 1000, turn.end_offset_ms / 1000];
  return now >= end || now < begin - 0.3 ? begin : null;
}

/** Where speech begins again, if nobody speaks now and for SILENCE_S; else null. */
export function nextSpeech(turns, now) {
  if (!turns) return null;
  let next = Infinity;
  for (const turn of turns) {
    const [begin, end] = [turn.begin_offset_ms / 1000, turn.end_offset_ms / 1000];
    if (begin <= now && now <= end + 0.2) return null;
    if (begin > now) next = Math.min(next, begin);
  }
  return Number.isFinite(next) && next - now > SILENCE_S ? next - 0.2 : null;
}
