// The keys of the keyboard.
import { html, useEffect, useRef } from "../html.js";
import { t } from "../text.js";

const KEYS = [
  ["/", "key_search"], ["↑ ↓", "key_move"], ["Enter", "key_open"], ["x", "key_select"], ["u", "key_upload"], ["Space", "key_play"],
  ["← →", "key_seek"], ["j k", "key_turn"], ["[ ]", "key_speed"], ["e", "key_edit"], ["c", "key_link"],
  ["s", "skip_silence"], ["l", "loop_turn"], ["z", "key_undo"], ["Home End", "key_ends"], ["Page ↑ ↓", "key_page"],
  ["Esc", "key_back"], ["?", "key_help"],
];

export function Keys({ onClose }) {
  const dialog = useRef(null);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  return html`
    <dialog ref=${dialog} onClose=${onClose} aria-labelledby="keys-title">
      <h2 id="keys-title">${t("help")}</h2>
      <dl class="keys">${KEYS.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${t(what)}</dd>`)}</dl>
      <button onClick=${() => dialog.current.close()}>${t("close")}</button>
    </dialog>
  `;
}

/** Calls `actions[key]` for keys that no input takes. */
export function useKeys(actions, dependencies) {
  useEffect(() => {
    const pressed = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (event.target.closest("input:not([type=range]):not([type=checkbox]), textarea, select")) return;
      if (event.key === " " && event.target.closest("button, a, summary")) return;
      const action = actions[event.key];
      if (action) {
        event.preventDefault();
        action(event);
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, dependencies);
}
