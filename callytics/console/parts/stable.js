// What keeps a long call light: functions that stay the same from one rendering to the next.
import { useMemo, useRef } from "../html.js";

/** The functions by name, each with one identity for ever, so that what gets them is not drawn again for their sake. */
export function useStable(functions) {
  const latest = useRef(functions);
  latest.current = functions;
  return useMemo(
    () => Object.fromEntries(Object.keys(functions).map((name) => [name, (...given) => latest.current[name](...given)])),
    [],
  );
}
