import {randomBytes} from 'node:crypto';
import type {IncomingMessage, Server} from 'node:http';
import type {Duplex} from 'node:stream';
import type {Millis} from '@voicebridge/shared/time.ts';
import {refuseUpgrade} from '@voicebridge/shared/service/http.ts';
import {WebSocketServer} from 'ws';
import {type Dialled, PhoneCall, type PhoneCallDeps} from './phone-call.ts';

/** A page opens its socket at once. */
const TICKET_LASTS: Millis = 15_000;
/** Each of them is a call that costs money. */
const AT_ONCE = 4;
/** A frame of audio, or a short message. */
const LARGEST_MESSAGE = 4_096;

const PATH = /^\/phone\/([0-9a-f]{32})$/;

/** The phones in browsers: a ticket for each call, and the socket that it opens, once. */
export class Phones implements AsyncDisposable {
  readonly #deps: PhoneCallDeps;
  readonly #tickets = new Map<string, {readonly dialled: Dialled; readonly until: Millis}>();
  readonly #server = new WebSocketServer({noServer: true, maxPayload: LARGEST_MESSAGE, perMessageDeflate: false});
  readonly #calls = new Set<Promise<void>>();

  constructor(deps: PhoneCallDeps) {
    this.#deps = deps;
  }

  /** A ticket for one call; undefined while there are as many calls as there may be. */
  dial(dialled: Dialled): string | undefined {
    const now = this.#deps.clock.now();
    for (const [ticket, {until}] of this.#tickets) if (until < now) this.#tickets.delete(ticket);
    if (this.#tickets.size + this.#calls.size >= AT_ONCE) return undefined;
    const ticket = randomBytes(16).toString('hex');
    this.#tickets.set(ticket, {dialled, until: now + TICKET_LASTS});
    return ticket;
  }

  /** Takes the sockets of pages that come to this server, and refuses every other upgrade. */
  serve(server: Server, proved: (request: IncomingMessage) => void): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const [, ticket = ''] = PATH.exec(request.url ?? '') ?? [];
      const held = this.#tickets.get(ticket);
      if (!held || held.until < this.#deps.clock.now()) return refuseUpgrade(socket, 404);
      // A page of another site has no ticket; this is for the day on which one leaks.
      if (URL.parse(request.headers.origin ?? '')?.host !== request.headers.host) return refuseUpgrade(socket, 403);
      this.#tickets.delete(ticket);
      proved(request);
      this.#server.handleUpgrade(request, socket, head, page => {
        const call = new PhoneCall(page, held.dialled, this.#deps).run().finally(() => this.#calls.delete(call));
        this.#calls.add(call);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const page of this.#server.clients) page.terminate();
    await Promise.allSettled(this.#calls);
  }
}
