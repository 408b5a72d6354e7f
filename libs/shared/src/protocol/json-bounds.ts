/** How much may be in one text of JSON. */
export interface JsonBounds {
  /** Lists, objects, texts, and what separates them. The length of JSON says little of its cost: objects of a few bytes cost a hundred times as much as text. */
  readonly parts: number;
  /** Lists and objects inside one another. Whatever walks through a value calls itself once for each. */
  readonly depth: number;
}

/** What a server answers that is asked for something, and what a model writes for a tool: up to some 10 ms to parse. */
export const FEW_FACTS: JsonBounds = {parts: 30_000, depth: 100};

/** What describes a hundred tools has some twenty thousand parts. */
export const MANY_FACTS: JsonBounds = {parts: 50_000, depth: 100};

const [QUOTE, BACKSLASH, LF, CR] = [0x22, 0x5c, 0x0a, 0x0d];
const [PART, OPENS, CLOSES, TEXT] = [1, 2, 3, 4];
const KINDS = kindsOf({',': PART, ':': PART, '[': OPENS, '{': OPENS, ']': CLOSES, '}': CLOSES, '"': TEXT});

function kindsOf(kinds: Readonly<Record<string, number>>): Uint8Array {
  const table = new Uint8Array(256);
  for (const [character, kind] of Object.entries(kinds)) table[character.charCodeAt(0)] = kind;
  return table;
}

/**
 * Counts what is in JSON while it comes, before it is parsed: a megabyte of brackets would keep all calls of a process waiting for
 * a second. What stands inside quotes costs next to nothing, and is one part. Pure.
 */
export class JsonMeter {
  readonly #bounds: JsonBounds;
  #parts = 0;
  #depth = 0;
  #inText = false;
  #isEscaped = false;

  constructor(bounds: JsonBounds) {
    this.#bounds = bounds;
  }

  /** The next bytes. Returns false as soon as there is too much. */
  take(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
    const {parts: partsAtMost, depth: depthAtMost} = this.#bounds;
    let [parts, depth] = [this.#parts, this.#depth];
    for (let at = from; at < to && parts <= partsAtMost && depth <= depthAtMost;) {
      if (this.#inText) {
        at = this.#leaveText(bytes, at, to);
        continue;
      }
      const kind = KINDS[bytes[at] ?? 0] ?? 0;
      at += 1;
      if (kind === 0) continue;
      if (kind === CLOSES) {
        depth = Math.max(0, depth - 1);
        continue;
      }
      parts += 1;
      if (kind === OPENS) depth += 1;
      if (kind === TEXT) this.#inText = true;
    }
    this.#parts = parts;
    this.#depth = depth;
    return parts <= partsAtMost && depth <= depthAtMost;
  }

  /** Behind the end of the text that `from` is in; the end of the bytes if it goes on. */
  #leaveText(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    let isEscaped = this.#isEscaped;
    let inText = true;
    while (at < to && inText) {
      const byte = bytes[at] ?? 0;
      at += 1;
      // A text of JSON never goes on in another line: a quote in one line of a stream hides nothing in the next.
      if (byte === LF || byte === CR) inText = isEscaped = false;
      else if (isEscaped) isEscaped = false;
      else if (byte === BACKSLASH) isEscaped = true;
      else if (byte === QUOTE) inText = false;
    }
    this.#isEscaped = isEscaped;
    this.#inText = inText;
    return at;
  }

  /** How many parts there were. */
  get parts(): number {
    return this.#parts;
  }

  /** Other JSON begins. */
  restart(): void {
    this.#parts = this.#depth = 0;
    this.#inText = this.#isEscaped = false;
  }
}

/** So short, it is within all bounds whatever is in it. */
const SHORT = 1_000;

/** Whether JSON can be parsed without calls having to wait for it. */
export function isWithin(bounds: JsonBounds, json: string): boolean {
  return json.length <= SHORT || new JsonMeter(bounds).take(Buffer.from(json));
}

/** How many parts JSON has. */
export function partsOf(json: string): number {
  const meter = new JsonMeter({parts: Number.POSITIVE_INFINITY, depth: Number.POSITIVE_INFINITY});
  meter.take(Buffer.from(json));
  return meter.parts;
}
