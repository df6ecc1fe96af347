// Templates without a build: htm turns tagged template strings into elements of Preact.
import { h } from "./vendor/preact.mjs";
import htm from "./vendor/htm.mjs";

export { render } from "./vendor/preact.mjs";
export { useCallback, useEffect, useMemo, useRef, useState } from "./vendor/preact-hooks.mjs";
export const html = htm.bind(h);

/** A component that is drawn again only if one of its properties is another. */
export function memo(component) {
  const isSame = (one, other) => Object.keys({ ...one, ...other }).every((name) => one[name] === other[name]);
  return function Memo(properties) {
    this.shouldComponentUpdate = (next) => !isSame(this.props, next);
    return h(component, properties);
  };
}
