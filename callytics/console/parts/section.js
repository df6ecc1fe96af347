// A part of a screen with its own question to the server: its answer, why there is none, or that there is nothing.
import { html } from "../html.js";
import { t } from "../text.js";

export function Section({ title, asked, isEmpty, empty, children }) {
  const { answer, problem } = asked;
  return html`
    <section class="block">
      <h2>${title}</h2>
      ${problem && html`<p class="notice" role="status">${problem}</p>`}
      ${!answer && !problem && html`<p class="notice" role="status">${t("loading")}</p>`}
      ${answer && (isEmpty(answer) ? html`<p class="notice">${empty}</p>` : html`<${Wide} label=${title}>${children(answer)}</${Wide}>`)}
    </section>
  `;
}

/** A table that is scrolled sideways where it does not fit; by keyboard too. */
export function Wide({ label, children }) {
  return html`<div class="wide" role="region" aria-label=${label} tabindex="0">${children}</div>`;
}

/** 3723 -> "1 h 2 min" */
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h) return t("h_min", { h, m });
  return m ? t("min_s", { m, s }) : t("only_s", { s });
}

/** A secret that is shown this once. */
export function Secret({ title, value, onClose }) {
  return html`
    <div class="notice secret" role="alert">
      <b>${title}</b>
      <p>${t("secret_once")}</p>
      <p><code>${value}</code></p>
      <button onClick=${() => navigator.clipboard?.writeText(value)}>${t("copy")}</button>
      <button onClick=${onClose}>${t("secret_kept")}</button>
    </div>
  `;
}
