// What is typed and not yet saved. It outlives everything that makes a screen render again: an event, an answer, a retry.
import { useRef, useState } from "../html.js";

/** Where the forms of a screen keep what is typed. */
export function useDrafts() {
  return useRef(new Map()).current;
}

/** [value, change, forget] of the form `key`; `initial` until something is typed. */
export function useDraft(drafts, key, initial) {
  const [value, setValue] = useState(() => (drafts.has(key) ? drafts.get(key) : initial));
  const change = (next) => {
    drafts.set(key, next);
    setValue(next);
  };
  return [value, change, () => drafts.delete(key)];
}
