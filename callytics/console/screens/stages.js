// The graph as it is: every stage, its version, its replicas, and the last error.
import { request } from "../api.js";
import { html } from "../html.js";
import { useAsked } from "../parts/asked.js";
import { t } from "../text.js";

const EVERY_MS = 5000;

export function Stages({ onLost }) {
  const { answer, problem } = useAsked((signal) => request("GET", "/v1/stages", { signal }), [], EVERY_MS, onLost);
  if (!answer) return html`<p class="notice" role="status">${problem || t("loading")}</p>`;
  return html`
    <h1>${t("stages")}</h1>
    ${problem && html`<p class="notice" role="status">${problem}</p>`}
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th>${t("stage")}</th><th>${t("status")}</th><th class="number">${t("replicas")}</th>
            <th>${t("model")}</th><th>${t("version")}</th><th>${t("last_error")}</th>
          </tr>
        </thead>
        <tbody>
          ${answer.stages.map(
            (stage) => html`<tr key=${stage.name}>
              <td>${stage.name}</td>
              <td><span class=${stage.healthy ? "dot good" : "dot bad"}></span> ${stage.healthy ? t("healthy") : `${t("unhealthy")}: ${stage.status} ${stage.message}`}</td>
              <td class="number">${stage.replicas}</td>
              <td>${stage.model} <small>${stage.model_revision}</small></td>
              <td><code>${stage.version}</code></td>
              <td>${stage.last_error}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  `;
}
