import {FEW_FACTS, isWithin} from '@voicebridge/shared/protocol/json-bounds.ts';
import {z} from 'zod';
import type {ToolOptions} from '../tool.ts';

/** The value of a header: a text, or the name of an environment variable of the worker that holds a secret. */
export const HeaderValue = z.union([
  z.string().max(1_000),
  z.strictObject({
    env: z.string().regex(/^[A-Z][A-Z0-9_]{0,99}$/, 'must be the name of an environment variable'),
    /** Stands before it: `Bearer ` with a blank at its end. */
    prefix: z.string().max(100).optional(),
  }),
]);
export type HeaderValue = z.infer<typeof HeaderValue>;

/** Names of headers and of parameters in a URL whose values are secrets. */
const SECRET_HEADER = /^(proxy-)?authorization$|cookie|api-?key|token|secret|password/i;
const SECRET_PARAMETER = /[?&](api[-_]?key|access[-_]?token|token|secret|password)=(?!\{)/i;

/** Refuses headers in which a secret is written out. */
export function secretsInHeaders(
  headers: Readonly<Record<string, HeaderValue>>,
  context: {addIssue(issue: {code: 'custom'; path: string[]; message: string}): void},
): void {
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string' && SECRET_HEADER.test(name))
      context.addIssue({
        code: 'custom',
        path: [name],
        message: 'must be {env: NAME}, the name of an environment variable: a secret must not stand in a file',
      });
}

/** What an HTTP tool asks for. */
export const httpRequest = {
  method: z.enum(['GET', 'POST']),
  /** `{name}` is an argument, `{{name}}` a variable of the call; both are escaped. */
  url: z
    .string()
    .regex(/^https?:\/\/[^{}/?#@\s]+([/?#]\S*)?$/, 'must be http://… or https://… with a fixed host and no user')
    .max(2_000)
    .refine(url => !SECRET_PARAMETER.test(url), 'must have no secret in it: use headers, with {env: NAME}'),
  /** Secrets by reference only: `{env: 'BOOKING_TOKEN'}`. */
  headers: z
    .record(z.string().regex(/^[\w-]{1,100}$/, 'must be the name of a header'), HeaderValue)
    .superRefine(secretsInHeaders)
    .optional(),
  /** Which field of a JSON answer is given to the model, such as `result.tables`; all of it if not given. */
  pick: z.string().max(200).optional(),
  /** An answer that is longer is refused, in bytes; 64 KiB if not given. */
  maxBytes: z.number().int().min(1).max(1_048_576).optional(),
  /** Addresses of this machine and of private networks may be asked. */
  allowPrivate: z.boolean().optional(),
} as const;
const Request = z.object(httpRequest);

/** A tool that asks a server. `http.get({about, input, url})`. */
export interface HttpTool extends ToolOptions, z.infer<typeof Request> {
  readonly kind: 'http';
  readonly about: string;
  readonly input: z.ZodObject;
}

type Written = Omit<HttpTool, 'kind' | 'method'>;

/** Tools that ask a server: the arguments that the URL does not name go into the query of a GET, or the JSON of a POST. */
export const http = {
  get: (tool: Written): HttpTool => ({...tool, kind: 'http', method: 'GET'}),
  post: (tool: Written): HttpTool => ({...tool, kind: 'http', method: 'POST'}),
};

/** A request as it is sent, its secrets still to be filled in. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly body: string | undefined;
  /** It has digits in it that the caller entered: it goes to no other server. */
  readonly isSecret: boolean;
  /** Another address is asked where the server says so, unless this is false. */
  readonly redirects?: boolean;
  readonly maxBytes: number;
  readonly allowPrivate: boolean;
  readonly signal: AbortSignal;
}

const MAX_BYTES = 65_536;

/** The request of one call of a tool. `key`: the same for every attempt at it. */
export function requestOf(
  tool: Pick<HttpTool, 'method' | 'url' | 'headers' | 'maxBytes' | 'allowPrivate'>,
  args: Readonly<Record<string, unknown>>,
  call: {
    readonly key: string;
    readonly variables: Readonly<Record<string, string>>;
    /** Digits that the caller entered, by name. They go into the body, never into the URL. */
    readonly secrets?: Readonly<Record<string, string>> | undefined;
    readonly signal: AbortSignal;
  },
): OutgoingRequest {
  const named = new Set<string>();
  const written = tool.url
    .replaceAll(/\{\{\s*([\w.]+)\s*\}\}/g, (_, name: string) => encodeURIComponent(call.variables[name] ?? ''))
    .replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      named.add(name);
      return encodeURIComponent(inUrl(args[name]));
    });
  const url = new URL(written);
  const rest = Object.entries(args).filter(([name]) => !named.has(name));
  const isGet = tool.method === 'GET';
  if (isGet) for (const [name, value] of rest) url.searchParams.append(name, inUrl(value));
  return {
    method: tool.method,
    url: url.href,
    headers: {
      accept: 'application/json, text/plain',
      ...(isGet ? {} : {'content-type': 'application/json'}),
      ...tool.headers,
      'idempotency-key': call.key,
    },
    body: isGet ? undefined : JSON.stringify({...Object.fromEntries(rest), ...call.secrets}),
    isSecret: Object.keys(call.secrets ?? {}).length > 0,
    maxBytes: tool.maxBytes ?? MAX_BYTES,
    allowPrivate: tool.allowPrivate ?? false,
    signal: call.signal,
  };
}

function inUrl(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** An answer to a request. */
export interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What the model is told about an answer; `ok`: false: the tool did not succeed. */
export function resultOf(
  {status, type, body}: HttpAnswer,
  pick: string | undefined,
): {readonly ok: boolean; readonly output: unknown} {
  if (status < 200 || status > 299) return {ok: false, output: `The server answered with status ${status}.`};
  if (/html/i.test(type)) return {ok: false, output: 'The server answered with a web page instead of data.'};
  if (body.trim() === '') return {ok: true, output: 'Done.'};
  if (!isWithin(FEW_FACTS, body))
    return pick === undefined
      ? {ok: true, output: body}
      : {ok: false, output: 'The server’s answer has too many or too deep lists and objects.'};
  let data: unknown;
  try {
    data = JSON.parse(body);
  } catch {
    return pick === undefined ? {ok: true, output: body} : {ok: false, output: 'The server’s answer is not JSON.'};
  }
  const picked = (pick ?? '')
    .split('.')
    .filter(step => step !== '')
    .reduce<unknown>(fieldOf, data);
  return picked === undefined ? {ok: false, output: `The server’s answer has no ${pick}.`} : {ok: true, output: picked};
}

function fieldOf(value: unknown, step: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
  return Object.entries(value).find(([name]) => name === step)?.[1];
}
