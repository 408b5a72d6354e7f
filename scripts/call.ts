/** `npm run call -- +4722334455 reminder name=Ada`: has a call made, and waits for what becomes of it. */
import {randomUUID} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {z} from 'zod';

const USAGE = `npm run call -- +4722334455 reminder name=Ada [--url https://voice.example.com]

Has a call made: the number, the name of an assistant, and what fills in its variables.
CALLS_TOKEN is a token with the scope call (npm run api-token -- --name me --scopes read+call).
--url is where the webhook is; http://127.0.0.1:5050 if not given.`;

const Answer = z.object({
  id: z.string().optional(),
  state: z.string().optional(),
  reason: z.string().nullish(),
  error: z.string().optional(),
  cure: z.string().optional(),
});
const OVER = new Set(['completed', 'busy', 'no-answer', 'failed', 'canceled', 'refused', 'expired', 'unknown']);

const {positionals, values} = parseArgs({
  allowPositionals: true,
  options: {url: {type: 'string', default: 'http://127.0.0.1:5050'}, help: {type: 'boolean', default: false}},
});
const [to, assistant, ...given] = positionals;
const {CALLS_TOKEN: token} = process.env;
if (values.help || to === undefined || assistant === undefined || token === undefined) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 1);
}
const variables = Object.fromEntries(
  given.map(each => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
);
const headers = {authorization: `Bearer ${token}`, 'content-type': 'application/json'};

const response = await fetch(`${values.url}/api/calls`, {
  method: 'POST',
  headers: {...headers, 'idempotency-key': randomUUID()},
  body: JSON.stringify({to, assistant, variables}),
}).catch(() => {
  console.error(`no webhook answers at ${values.url} — start one (npm start), or say where it is: --url https://…`);
  process.exit(1);
});
let call = Answer.parse(await response.json());
if (call.id === undefined) {
  console.error(`${call.error ?? response.status}${call.cure === undefined ? '' : ` — ${call.cure}`}`);
  process.exit(1);
}
let said = '';
for (;;) {
  const now = `${call.state ?? ''}${call.reason ? ` (${call.reason})` : ''}`;
  if (now !== said) console.log(now);
  said = now;
  if (OVER.has(call.state ?? '')) break;
  await sleep(1_000);
  call = Answer.parse(await (await fetch(`${values.url}/api/calls/${call.id}`, {headers})).json());
}
process.exit(call.state === 'completed' ? 0 : 1);
