/** A text of this length or less is parsed in a moment, whatever is in it. */
const SHORT = 65_536;
/** Lists, objects and their members in one event: a session with a hundred tools has some ten thousand. */
export const PARTS_AT_MOST = 50_000;
const [COMMA, LIST, OBJECT] = [0x2c, 0x5b, 0x7b];

/** Eight megabytes of brackets would keep every call of the process waiting for seconds while they are parsed. */
export function hasTooManyParts(text: string): boolean {
  if (text.length <= SHORT) return false;
  let parts = 0;
  for (let at = 0; at < text.length && parts <= PARTS_AT_MOST; at += 1) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === LIST || code === OBJECT) parts += 1;
  }
  return parts > PARTS_AT_MOST;
}
