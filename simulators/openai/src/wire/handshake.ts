import type {IncomingMessage} from 'node:http';

/** What a server that has not said 101 yet knows about a client. */
export interface HandshakeRules {
  /** The only key that is accepted; without it, every key is. */
  readonly apiKey: string | undefined;
  readonly models: readonly string[];
}

export type Handshake =
  | {readonly ok: true; readonly model: string; readonly isBeta: boolean; readonly query: Record<string, string>}
  | {readonly ok: false; readonly status: number; readonly code: string; readonly message: string};

/** Model ids the service is known to have; the field is an open string, an unknown one is 404. */
export const KNOWN_MODELS: readonly string[] = [
  'gpt-realtime',
  'gpt-realtime-2025-08-28',
  'gpt-realtime-mini',
  'gpt-realtime-mini-2025-12-15',
  'gpt-realtime-1.5',
  'gpt-realtime-2',
  'gpt-realtime-2.1',
  'gpt-realtime-2.1-mini',
];

/** Decides about an upgrade request. Unknown query parameters are ignored, as the real service does. */
export function readHandshake(request: IncomingMessage, {apiKey, models}: HandshakeRules): Handshake {
  const url = new URL(request.url ?? '/', 'ws://localhost');
  if (url.pathname !== '/v1/realtime') return {ok: false, status: 404, code: 'not_found', message: 'Invalid URL.'};
  const key = keyOf(request);
  if (key === undefined) {
    return {ok: false, status: 401, code: 'missing_api_key', message: 'Missing bearer authentication in header.'};
  }
  if (apiKey !== undefined && key !== apiKey) {
    return {ok: false, status: 401, code: 'invalid_api_key', message: 'Incorrect API key provided.'};
  }
  const model = url.searchParams.get('model');
  if (model === null) {
    return {ok: false, status: 400, code: 'missing_model', message: 'You must provide a model parameter.'};
  }
  if (!models.includes(model)) {
    const message = `The model '${model}' does not exist or you do not have access to it.`;
    return {ok: false, status: 404, code: 'model_not_found', message};
  }
  const isBeta = request.headers['openai-beta'] !== undefined;
  return {ok: true, model, isBeta, query: Object.fromEntries(url.searchParams)};
}

/** The key stands in a header, or, for clients that cannot set one, among the subprotocols. */
function keyOf({headers}: IncomingMessage): string | undefined {
  const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer ?? /openai-insecure-api-key\.([^\s,]+)/.exec(headers['sec-websocket-protocol'] ?? '')?.[1];
}
