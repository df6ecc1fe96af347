// Uploading many recordings, by the button or by dropping them anywhere, with the progress and the fate of each.
import { upload } from "../api.js";
import { percent } from "../format.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { link } from "../route.js";
import { t } from "../text.js";

const AT_ONCE = 3;

export function Uploads({ picker, onUploaded }) {
  const [files, setFiles] = useState([]);
  const [isOver, setOver] = useState(false);
  const waiting = useRef([]);
  const running = useRef(0);
  const number = useRef(0);
  const tell = (id, change) => setFiles((all) => all.map((file) => (file.id === id ? { ...file, ...change } : file)));

  const next = async () => {
    if (running.current >= AT_ONCE || waiting.current.length === 0) return;
    running.current += 1;
    const { id, file } = waiting.current.shift();
    try {
      const call = await upload(file, {}, (ratio) => tell(id, { ratio }));
      tell(id, { ratio: 1, call: call.call_id, note: t(call.duplicate ? "duplicate" : "uploaded") });
      onUploaded();
    } catch (error) {
      tell(id, { problem: error.status ? error.message : t("no_server") });
    }
    running.current -= 1;
    next();
  };
  const add = (list) => {
    const added = [...list].map((file) => ({ id: (number.current += 1), file }));
    setFiles((all) => [...added.map(({ id, file }) => ({ id, name: file.name, ratio: 0 })), ...all]);
    waiting.current.push(...added);
    for (let i = 0; i < AT_ONCE; i += 1) next();
  };
  useEffect(() => {
    const over = (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      setOver(event.type === "dragover");
    };
    const drop = (event) => {
      over(event);
      add(event.dataTransfer.files);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", over);
      removeEventListener("drop", drop);
    };
  }, []);
  return html`
    <button class="main" onClick=${() => picker.current.click()} title="u">${t("upload")}</button>
    <input ref=${picker} type="file" multiple hidden aria-label=${t("upload")}
      onChange=${(event) => {
        add(event.target.files);
        event.target.value = "";
      }} />
    ${isOver && html`<div class="drop">${t("drop")}</div>`}
    ${files.length > 0 &&
    html`<ul class="uploads" aria-live="polite">
      ${files.map(
        (file) => html`<li key=${file.id}>
          ${file.call ? html`<a href=${link(["calls", file.call])}>${file.name}</a>` : html`<span>${file.name}</span>`}
          ${file.problem
            ? html`<span class="problem">${t("refused")}: ${file.problem}</span>`
            : file.note || html`<progress max="1" value=${file.ratio} aria-label=${file.name}></progress> ${percent(file.ratio)}`}
        </li>`,
      )}
    </ul>`}
  `;
}
