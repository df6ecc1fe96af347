// A field that keeps what is typed. A re-render writes `value` back into an input, so text that is not given to the
// address yet would be lost with the next answer of the server.
import { html, useEffect, useState } from "../html.js";

/** `onDone` gets the input once the text is complete (Enter, or another field). Other attributes are the input's. */
export function Typed({ value, onDone = () => {}, ...attributes }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return html`<input value=${text} onInput=${(event) => setText(event.target.value)} onChange=${(event) => onDone(event.target)} ...${attributes} />`;
}
