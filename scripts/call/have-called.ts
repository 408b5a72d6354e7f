import {parseArgs} from 'node:util';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {z} from 'zod';

const USAGE = `npm run call -- +4722334455 reminder name=Ada [--url https://voice.example.com]

Makes an outbound call: give the number, the name of an assistant, and values for its variables.
CALLS_TOKEN is a token with the scope call (npm run api-token -- --name me --scopes read+call).
--url is where the webhook is; http://127.0.0.1:5050 if not given.`;
const MORE = 'npm run call -- --help tells more';

/** What is wanted, from the command line. */
export interface CallCommand {
  readonly url: string;
  readonly token: string;
  readonly wanted: {
    readonly to: string;
    readonly assistant: string;
    readonly variables: Readonly<Record<string, string>>;
  };
}

export function readCallCommand(
  args: readonly string[],
  token: string | undefined,
): CallCommand | {readonly help: string} | {readonly problem: string} {
  try {
    const {positionals, values} = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {url: {type: 'string', default: 'http://127.0.0.1:5050'}, help: {type: 'boolean', short: 'h'}},
    });
    if (values.help) return {help: USAGE};
    const [to, assistant, ...given] = positionals;
    if (to === undefined || assistant === undefined)
      return {problem: `${to === undefined ? 'whom to call' : 'which assistant speaks'} is missing — ${MORE}`};
    if (!token) return {problem: `CALLS_TOKEN is not set: a token with the scope call — ${MORE}`};
    if (!URL.canParse(values.url))
      return {problem: `--url ${values.url} is no address such as https://voice.example.com`};
    const wrong = given.find(each => !/^[^=]+=/.test(each));
    if (wrong !== undefined) return {problem: `${wrong} is no variable: write name=value — ${MORE}`};
    const variables = Object.fromEntries(
      given.map(each => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
    );
    return {url: values.url.replace(/\/$/, ''), token, wanted: {to, assistant, variables}};
  } catch (thrown) {
    const [sentence = ''] = messageOf(thrown).split(/\.\s|\n/);
    return {problem: `${sentence.replace(/\.$/, '')} — ${MORE}`};
  }
}

const Answer = z.object({
  id: z.string().optional(),
  state: z.string().optional(),
  reason: z.string().nullish(),
  ringsAt: z.string().optional(),
  error: z.string().optional(),
  cure: z.string().optional(),
});
type Answer = z.infer<typeof Answer>;
const OVER = new Set(['completed', 'busy', 'no-answer', 'failed', 'canceled', 'refused', 'expired', 'unknown']);
/** A webhook that is restarted answers again within so many looks. */
const PATIENCE = 60;
/** What rings later than this does not ring at once. */
const SOON_MS = 60_000;

export interface HaveCalledDeps {
  readonly fetch: typeof fetch;
  /** Between two looks at the call. */
  readonly wait: () => Promise<unknown>;
  readonly say: (line: string) => void;
}

/** A call that somebody wants: asked for once, and looked at until it is over. */
export class HaveCalled {
  readonly #command: CallCommand;
  readonly #deps: HaveCalledDeps;

  constructor(command: CallCommand, deps: HaveCalledDeps) {
    this.#command = command;
    this.#deps = deps;
  }

  /** `key`: the call is made once, however often it is asked for with the same one. */
  async run(key: string): Promise<{readonly problem?: string; readonly state?: string | undefined}> {
    const {url, wanted} = this.#command;
    const {say, wait} = this.#deps;
    let call = await this.#ask('/api/calls', {
      method: 'POST',
      headers: {'content-type': 'application/json', 'idempotency-key': key},
      body: JSON.stringify(wanted),
    });
    if (!call)
      return {problem: `no webhook answers at ${url} — start one (npm start), or say where it is: --url https://…`};
    if (call.id === undefined) return {problem: [call.error, call.cure].filter(Boolean).join(' — ')};
    const {id, ringsAt} = call;
    if (ringsAt !== undefined && Date.parse(ringsAt) > Date.now() + SOON_MS)
      say(`it may not ring before ${ringsAt} (QUIET_HOURS); it is queued, and Ctrl+C here does not take it back`);
    let said = '';
    for (let missed = 0; missed < PATIENCE;) {
      if (call) {
        missed = 0;
        const now = `${call.state ?? call.error ?? ''}${call.reason ? ` (${call.reason})` : ''}`;
        if (now !== said) say(now);
        said = now;
        if (OVER.has(call.state ?? '') || call.state === undefined) return {state: call.state};
      } else missed += 1;
      await wait();
      call = await this.#ask(`/api/calls/${id}`, {});
    }
    return {problem: `the webhook does not answer any more; the call is ${id}`};
  }

  /** Undefined: nobody answers there now. */
  async #ask(
    path: string,
    {headers, ...init}: Omit<RequestInit, 'headers'> & {readonly headers?: Readonly<Record<string, string>>},
  ): Promise<Answer | undefined> {
    const {url, token} = this.#command;
    const response = await this.#deps
      .fetch(`${url}${path}`, {...init, headers: {...headers, authorization: `Bearer ${token}`}})
      .catch(() => undefined);
    if (!response || (response.status >= 500 && path !== '/api/calls')) return undefined;
    const text = await response.text();
    const {data} = Answer.safeParse(jsonIn(text));
    if (data?.id !== undefined || data?.error !== undefined) return data;
    if (response.status === 404)
      return {error: `the webhook at ${url} makes no calls`, cure: 'set CALL_ALLOW and CALL_FROM where it runs'};
    return {error: `what answers at ${url} is no webhook of ours (status ${response.status})`, cure: 'correct --url'};
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
