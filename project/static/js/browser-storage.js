// The browser's storage, or null where it has none to give.

/** @returns {?Storage} */
export function browserStorage() {
  // Reading the property alone throws where the visitor has forbidden storage.
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
