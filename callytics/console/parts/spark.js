// The mood of the customer over a call, as a line.
import { signed } from "../format.js";
import { html } from "../html.js";
import { t } from "../text.js";

const WIDTH = 64;
const HEIGHT = 26;
const MOST = 5;

/** Moods from -5 to +5 in equal parts of the call; null where the customer says nothing. */
export function Spark({ findings }) {
  const x = (index, count) => 4 + (index * (WIDTH - 8)) / Math.max(1, count - 1);
  const y = (mood) => HEIGHT / 2 - (mood / MOST) * (HEIGHT / 2 - 3);
  const { mood_quarters: quarters, mood_start: start, mood_end: end, mood_direction: direction } = findings;
  const points = quarters.map((mood, index) => [x(index, quarters.length), mood]).filter(([, mood]) => mood !== null);
  if (end === null && points.length === 0) return html`<span class="hidden">${t("mood_unknown")}</span>`;
  const ends = end === null ? "" : `${t(`direction_${direction}`)}: ${signed(start)} → ${signed(end)}`;
  const line = points.map(([at, mood]) => `${at.toFixed(1)},${y(mood).toFixed(1)}`).join(" ");
  const last = points.at(-1);
  return html`
    <svg class=${`spark ${direction || ""}`} width=${WIDTH} height=${HEIGHT} role="img" aria-label=${ends || t("mood")}>
      <title>${ends}</title>
      <line x1="0" x2=${WIDTH} y1=${HEIGHT / 2} y2=${HEIGHT / 2} />
      <polyline points=${line} />
      ${last && html`<circle cx=${last[0]} cy=${y(last[1])} r="2.5" />`}
    </svg>
  `;
}
