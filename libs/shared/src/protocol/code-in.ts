/**
 * What a server sent as a code, an id or the name of an event, if it looks like one: it can then be logged. Undefined for
 * anything else, which may be what somebody said.
 */
export function codeIn(text: string | undefined): string | undefined {
  return text !== undefined && /^[a-z][\w.:-]{0,79}$/i.test(text) && !/\d{7}/.test(text) ? text : undefined;
}
