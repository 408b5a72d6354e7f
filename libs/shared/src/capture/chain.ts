import {crc32} from 'node:zlib';

const SIGNS = 36 ** 4;

/**
 * A check for each line of a section that depends on all lines before it: a line that was changed, removed or put in shows
 * where it is. It is against mistakes, not against forgers.
 */
export class Chain {
  #sum = 0;

  /** The check of the next line: four signs. */
  next(text: string): string {
    this.#sum = crc32(text, this.#sum);
    return (this.#sum % SIGNS).toString(36).padStart(4, '0');
  }
}

/** A line as it is written: the check is its last field. */
export function sealed(text: string, check: string): string {
  return `${text.slice(0, -1)},"check":"${check}"}`;
}

const SEALED = /^(?<text>\{.*),"check":"(?<check>[0-9a-z]{4})"\}$/s;

/** The text and the check of a line; undefined: it has none. */
export function unsealed(line: string): {readonly text: string; readonly check: string} | undefined {
  const {text, check} = SEALED.exec(line)?.groups ?? {};
  return text === undefined || check === undefined ? undefined : {text: `${text}}`, check};
}
