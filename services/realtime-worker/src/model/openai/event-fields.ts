/** The longest name or id, in characters. Those of OpenAI have about thirty; some of them are remembered for as long as the call lasts. */
const NAME_AT_MOST = 512;
/** The longest text of any other field, in characters: the arguments of a tool, the words of a turn. */
const TEXT_AT_MOST = 262_144;

/** Reads the fields of one event, and remembers which it could not read. Never throws. */
export class EventFields {
  readonly #raw: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #unread: string[];

  constructor(raw: unknown, path = '', unread: string[] = []) {
    this.#raw = isRecord(raw) ? raw : {};
    this.#path = path;
    this.#unread = unread;
    if (!isRecord(raw) && path !== '') unread.push(path);
  }

  /** Dotted paths of the fields that were missing or of another type. */
  get unread(): readonly string[] {
    return this.#unread;
  }

  /** A text that must be there, and is not empty. */
  text(name: string): string | undefined {
    const value = this.#raw[name];
    if (typeof value === 'string' && value !== '' && value.length <= TEXT_AT_MOST) return value;
    this.#unread.push(this.#nameOf(name));
    return undefined;
  }

  /** A name, an id or a code that must be there. */
  id(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined || value.length <= NAME_AT_MOST) return value;
    this.#unread.push(this.#nameOf(name));
    return undefined;
  }

  /** The same if it may be missing. */
  idIfAny(name: string): string | undefined {
    const value = this.#raw[name];
    return value === undefined || value === null ? undefined : this.id(name);
  }

  /** A text that is often empty, and then as good as none. */
  textOrNone(name: string): string {
    const value = this.#raw[name];
    if (typeof value !== 'string') return '';
    if (value.length <= TEXT_AT_MOST) return value;
    this.#unread.push(this.#nameOf(name));
    return '';
  }

  /** A text that may be missing. */
  textIfAny(name: string): string | undefined {
    const value = this.#raw[name];
    return value === undefined || value === null ? undefined : this.text(name);
  }

  /** A number that must be there, and is not negative. */
  amount(name: string): number | undefined {
    const value = this.#raw[name];
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    this.#unread.push(this.#nameOf(name));
    return undefined;
  }

  /** Fields of an object that must be there. */
  fields(name: string): EventFields {
    return new EventFields(this.#raw[name], this.#nameOf(name), this.#unread);
  }

  /** Fields of an object that may be missing. */
  fieldsIfAny(name: string): EventFields {
    const value = this.#raw[name];
    if (value === undefined || value === null) return new EventFields({}, this.#nameOf(name), this.#unread);
    return this.fields(name);
  }

  /** A field was there, and cannot be used. */
  refuse(name: string): void {
    this.#unread.push(this.#nameOf(name));
  }

  /** The value as it was sent. */
  raw(name: string): unknown {
    return this.#raw[name];
  }

  #nameOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}

function isRecord(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw);
}
