// What is done to many calls at once: analysed again, deleted.
import { request } from "../api.js";
import { html, useState } from "../html.js";
import { t } from "../text.js";

/** `onChosen(set)`: what stays selected, which is what was refused. */
export function Bulk({ chosen, may, onChosen, onDone, onLost }) {
  const [note, setNote] = useState("");
  const [isBusy, setBusy] = useState(false);
  const run = async (work) => {
    setBusy(true);
    setNote("");
    try {
      await work();
    } catch (error) {
      if (error.status === 401) return onLost();
      setNote(error.status ? error.message : t("no_server"));
    } finally {
      setBusy(false);
      onDone();
    }
    return undefined;
  };
  const remove = () =>
    confirm(t("delete_sure")) &&
    run(async () => {
      await request("POST", "/v1/calls/delete", { body: { call_ids: [...chosen] } });
      onChosen(new Set());
    });
  /** One after the other: the server takes so many requests a minute. One that is refused stays selected. */
  const again = () =>
    run(async () => {
      const left = new Set(chosen);
      let refusal = null;
      for (const id of chosen) {
        try {
          await request("POST", `/v1/calls/${id}/reprocess`);
          left.delete(id);
          onChosen(new Set(left));
        } catch (error) {
          if (error.status !== 409) throw error; // 409: it is being analysed already
          refusal = error;
        }
      }
      if (refusal) throw refusal;
    });
  return html`
    <span class="bulk" role="group" aria-label=${t("n_selected", { n: chosen.size })}>
      <b>${t("n_selected", { n: chosen.size })}</b>
      ${may("calls:write") && html`<button onClick=${again} disabled=${isBusy}>${t("analyse_again")}</button>`}
      ${may("calls:delete") && html`<button class="danger" onClick=${remove} disabled=${isBusy}>${t("delete")} (${chosen.size})</button>`}
      <button class="quiet" onClick=${() => onChosen(new Set())}>${t("select_none")}</button>
      ${note && html`<span class="problem" role="alert">${note}</span>`}
    </span>
  `;
}
