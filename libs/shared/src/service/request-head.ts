/** What a request says before its body. Names of headers are in lower case. */
export interface RequestHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A head that is longer is refused. */
export const HEAD_AT_MOST = 8_192;
/** Carriers send a head in one piece; the network may cut it into a few. */
const PIECES_AT_MOST = 32;

const REQUEST_LINE = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/;
/** Half the end of a line ends none, and stands in no header either. */
const LINE_END = /[\r\n]/;
const [A, Z] = [0x41, 0x5a];

/** `bad`: no head of ours, and the HTTP status that says so. */
export type HeadSoFar =
  | {readonly kind: 'whole'; readonly head: RequestHead}
  | {readonly kind: 'incomplete'}
  | {readonly kind: 'bad'; readonly status: 400 | 431};

const INCOMPLETE: HeadSoFar = {kind: 'incomplete'};
const NO_REQUEST: HeadSoFar = {kind: 'bad', status: 400};
const TOO_LONG: HeadSoFar = {kind: 'bad', status: 431};

/**
 * Reads the first bytes of a connection, which came in so many `pieces`, as the head of a request. It reads only enough to
 * refuse most strangers: whatever goes on is read again, and judged again, by the HTTP server. Of a header that comes twice
 * the first counts.
 */
export function readHead(bytes: Buffer, pieces: number): HeadSoFar {
  const [first = 0] = bytes;
  if (first < A || first > Z) return NO_REQUEST;
  const text = bytes.toString('latin1', 0, HEAD_AT_MOST);
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return bytes.length >= HEAD_AT_MOST || pieces > PIECES_AT_MOST ? TOO_LONG : INCOMPLETE;
  const [line = '', ...fields] = text.slice(0, end).split('\r\n');
  const [, method, url] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined || url === undefined) return NO_REQUEST;
  // A name may be `__proto__`.
  const headers: Record<string, string> = Object.create(null);
  for (const field of fields) {
    const colon = field.indexOf(':');
    if (colon < 1 || LINE_END.test(field)) return NO_REQUEST;
    headers[field.slice(0, colon).toLowerCase()] ??= field.slice(colon + 1).trim();
  }
  return {kind: 'whole', head: {method, url, headers}};
}
