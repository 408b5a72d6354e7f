import type {Ticket} from '@voicebridge/shared/protocol/ids.ts';

/** A ticket is forgotten when so many others were spent after it; its copies then cost a question to Redis each. */
const REMEMBERED = 1_000;

/**
 * The tickets that this edge knows to be good for nothing any more. A ticket is random and given out once, so what is spent
 * stays so, and whoever repeats a handshake that was seen costs Redis nothing.
 */
export class SpentTickets {
  readonly #spent = new Set<Ticket>();

  has(ticket: Ticket | undefined): boolean {
    return ticket !== undefined && this.#spent.has(ticket);
  }

  add(ticket: Ticket | undefined): void {
    if (ticket === undefined) return;
    this.#spent.add(ticket);
    if (this.#spent.size <= REMEMBERED) return;
    const [oldest] = this.#spent;
    if (oldest !== undefined) this.#spent.delete(oldest);
  }
}
