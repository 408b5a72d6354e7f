import type {XmlElement} from './xml-tree.ts';

/** How a URL is asked. */
export type Method = 'GET' | 'POST';

/** An entry of Twilio's debugger: the error code and what happened. */
export interface Problem {
  readonly code: number;
  readonly detail: string;
}

/** `<Stream>` inside `<Connect>`. */
export interface StreamNoun {
  /** As written: the signature of the upgrade covers exactly this. */
  readonly url: string;
  readonly name?: string;
  readonly statusCallback?: string;
  readonly statusCallbackMethod: Method;
  readonly parameters: Readonly<Record<string, string>>;
  /** Set if Twilio refuses to open such a stream at all. */
  readonly refused?: Problem;
}

const ATTRIBUTES = ['url', 'name', 'track', 'statusCallback', 'statusCallbackMethod'];

/** Name and value of one Parameter together must be shorter than this. */
const PARAMETER_LIMIT = 500;

/** Reads the noun; the problems that do not stop Twilio are pushed. */
export function readStream({attributes, children}: XmlElement, problems: Problem[]): StreamNoun {
  const warn = (detail: string) => problems.push({code: 12200, detail});
  for (const name of Object.keys(attributes))
    if (!ATTRIBUTES.includes(name)) warn(`Stream has no documented attribute ${name}`);
  const parameters: Record<string, string> = {};
  for (const {name: noun, attributes: parameter} of children) {
    const {name, value} = parameter;
    if (noun !== 'Parameter' || name === undefined || value === undefined) {
      warn('Stream may hold only Parameter elements with a name and a value');
    } else {
      if (name.length + value.length >= PARAMETER_LIMIT)
        warn(
          `Parameter ${name}: name and value have ${name.length + value.length} characters, ${PARAMETER_LIMIT} are too many`,
        );
      parameters[name] = value;
    }
  }
  const {name, track, statusCallback} = attributes;
  const url = attributes['url'] ?? '';
  if (statusCallback !== undefined && !/^https?:\/\//.test(statusCallback)) warn('statusCallback is no absolute URL');
  const refused =
    track === undefined || track === 'inbound_track' ? undefined : {code: 31941, detail: `track is ${track}`};
  return {
    url,
    ...(name === undefined ? {} : {name}),
    ...(statusCallback === undefined ? {} : {statusCallback}),
    statusCallbackMethod: attributes['statusCallbackMethod']?.toUpperCase() === 'GET' ? 'GET' : 'POST',
    parameters,
    ...(refused ? {refused} : {}),
  };
}

/** How the address of a stream is judged. */
export interface AddressRules {
  /** Where a relative URL starts. */
  readonly documentUrl: string;
  /** Whether `ws:` is good enough; on loopback, unless told otherwise. */
  readonly allowInsecure: boolean | undefined;
  readonly strict: boolean;
}

/** The address to connect to, which is also the signed one, or why Twilio refuses. */
export function streamAddress(
  url: string,
  {documentUrl, allowInsecure, strict}: AddressRules,
): {url: string} | Problem {
  const parsed = URL.parse(url, documentUrl.replace(/^http/, 'ws'));
  if (!parsed || url === '') return {code: 31923, detail: `the stream url ${JSON.stringify(url)} cannot be read`};
  const absolute = URL.canParse(url) ? url : parsed.href;
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(parsed.hostname);
  if (parsed.protocol !== 'wss:' && !(parsed.protocol === 'ws:' && (allowInsecure ?? loopback)))
    return {code: 31922, detail: `the scheme of the stream url is ${parsed.protocol}, not wss:`};
  const bare = parsed.pathname === '/' && !/^wss?:\/\/[^/?#]+\//.test(absolute);
  if (parsed.hash !== '') return {code: 31923, detail: 'the stream url has a fragment'};
  if (parsed.search === '' && !absolute.endsWith('?')) return {url: bare ? `${absolute}/` : absolute};
  if (strict) return {code: 31920, detail: 'the stream url has a query string'};
  return {url: `${parsed.protocol}//${parsed.host}${parsed.pathname}`};
}
