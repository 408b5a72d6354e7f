import {createServer, type Server, type ServerResponse} from 'node:http';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {Webhook} from 'standardwebhooks';
import {z} from 'zod';

const Told = z.object({
  type: z.string(),
  data: z.object({callSid: z.string(), outcome: z.record(z.string(), z.unknown())}),
});

/** The id of one of several messages about a call that is made, with its place among them. */
const STATE_ID = /^(out-\d+)\.(\d+)$/;

/** What a receiver has seen. */
export interface Seen {
  /** Requests that came in, by the id of their webhook. */
  readonly requests: Map<string, number>;
  /** Those that it answered with 200. */
  readonly taken: Map<string, number>;
  /** What it was told about each call that was made, as it took them first. */
  readonly states: Map<string, number[]>;
  forged: number;
  wrong: number;
  readonly answers: Record<'taken' | 'error' | 'slow' | 'cut', number>;
}

/**
 * Another system that is told about calls, and has its moods: it answers 500 now and then, takes its time, and drops
 * connections. It believes only what a library of Standard Webhooks believes.
 */
export class MoodyReceiver {
  readonly seen: Seen = {
    requests: new Map(),
    taken: new Map(),
    states: new Map(),
    forged: 0,
    wrong: 0,
    answers: {taken: 0, error: 0, slow: 0, cut: 0},
  };
  readonly #secret: string;
  readonly #random;
  #server: Server | undefined;
  #port = 0;

  constructor(secret: string, seed: number) {
    this.#secret = secret;
    this.#random = seededRandom(seed);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/calls`;
  }

  async up(): Promise<void> {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => this.#answer(request.headers, Buffer.concat(parts).toString(), response));
    });
    await new Promise<void>(resolve => server.listen(this.#port, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address === 'object' && address) this.#port = address.port;
    this.#server = server;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise<void>(resolve => (server ? server.close(() => resolve()) : resolve()));
  }

  #answer(headers: NodeJS.Dict<string | string[]>, body: string, response: ServerResponse): void {
    const {seen} = this;
    const id = String(headers['webhook-id']);
    seen.requests.set(id, (seen.requests.get(id) ?? 0) + 1);
    const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
    try {
      new Webhook(this.#secret).verify(body, Object.fromEntries(names.map(name => [name, String(headers[name])])));
    } catch {
      seen.forged += 1;
    }
    const state = STATE_ID.exec(id);
    const {data} = Told.safeParse(JSON.parse(body));
    if (state) {
      if (!body.includes(`"state":${state[2]}`)) seen.wrong += 1;
    } else if (
      data?.type !== 'call.finished' ||
      `call.${data.data.callSid}` !== id ||
      data.data.outcome['booked'] !== true
    )
      seen.wrong += 1;
    const mood = this.#random.next();
    if (mood < 0.05) {
      seen.answers.error += 1;
      return void response.writeHead(500).end();
    }
    if (mood < 0.06) {
      seen.answers.cut += 1;
      return void response.destroy();
    }
    const take = () => {
      seen.answers.taken += 1;
      if (state && !seen.taken.has(id)) {
        const states = seen.states.get(state[1] ?? '') ?? [];
        seen.states.set(state[1] ?? '', [...states, Number(state[2])]);
      }
      seen.taken.set(id, (seen.taken.get(id) ?? 0) + 1);
      response.writeHead(200).end();
    };
    if (mood < 0.08) {
      seen.answers.slow += 1;
      return void setTimeout(take, 2_000);
    }
    return take();
  }
}
