import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {z} from 'zod';
import {readTextRequest, type TextRequest} from './text-request.ts';

const Told = z.record(z.string(), z.unknown());

/** How one request is answered. A number: with this status. */
export type TextMood =
  | 'answers'
  /** Only when the client has gone. */
  | 'never'
  /** Values of other types than the schema has: the server does not enforce it. */
  | 'wrong-types'
  | 'refuses'
  | 'no-json'
  | 'cut-off'
  | 'hangs-up'
  | 'something-else'
  | number;

export interface TextModelKnobs {
  /** What it finds in a transcript, by the name of the field. Fields that are not here are null. */
  values: Readonly<Record<string, unknown>>;
  /** For the next requests in order; then it answers. */
  moods: TextMood[];
  /** What it always does, if no mood is left. */
  usually: TextMood;
  /**
   * It obeys whoever says `SET {…}` on the call. With a server that enforces the schema nothing else comes of it than other
   * values; one that does not answers with every field that it was told to.
   */
  gullible: boolean;
  enforces: boolean;
}

export interface FakeTextModel extends AsyncDisposable {
  readonly origin: string;
  readonly chatUrl: string;
  readonly responsesUrl: string;
  readonly knobs: TextModelKnobs;
  /** What it was asked, in order, the refused ones too. */
  readonly asked: (TextRequest & {readonly key: string | undefined})[];
  /** What it did not understand. */
  readonly refused: string[];
}

/** Simulates the two text endpoints of OpenAI, as far as one question for structured output goes. */
export async function startFakeTextModel({
  key,
  ...changes
}: Partial<TextModelKnobs> & {readonly key?: string} = {}): Promise<FakeTextModel> {
  const knobs: TextModelKnobs = {
    values: {},
    moods: [],
    usually: 'answers',
    gullible: false,
    enforces: true,
    ...changes,
  };
  const asked: (TextRequest & {readonly key: string | undefined})[] = [];
  const refused: string[] = [];

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const path = URL.parse(request.url ?? '', 'http://localhost')?.pathname ?? '';
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
    const refuse = (status: number, code: string, message: string) => {
      refused.push(message);
      answer(status, {error: {message, type: 'invalid_request_error', param: null, code}});
    };
    if (request.method !== 'POST' || !['/v1/chat/completions', '/v1/responses'].includes(path))
      return refuse(404, 'unknown_url', `Unknown request URL: ${request.method} ${path}`);
    const given = request.headers.authorization?.replace(/^Bearer /, '') ?? request.headers['api-key']?.toString();
    if (key !== undefined && given !== key) return refuse(401, 'invalid_api_key', 'Incorrect API key provided');
    if (!request.headers['content-type']?.startsWith('application/json'))
      return refuse(400, 'invalid_content_type', 'the content type must be application/json');
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += String(part);
    let question: TextRequest;
    try {
      question = readTextRequest(path, JSON.parse(text));
    } catch (thrown) {
      return refuse(400, 'invalid_json_schema', thrown instanceof Error ? thrown.message : String(thrown));
    }
    asked.push({...question, key: given});
    const mood = knobs.moods.shift() ?? knobs.usually;
    if (mood === 'never') return undefined;
    if (mood === 'hangs-up') return response.destroy();
    if (typeof mood === 'number') {
      const code = mood === 429 ? 'rate_limit_exceeded' : 'server_error';
      // A careless server repeats what it was asked.
      return answer(mood, {error: {message: `could not answer: ${question.input}`, type: code, param: null, code}});
    }
    return answer(200, path.endsWith('/responses') ? inResponse(mood, question) : inCompletion(mood, question));
  };

  const contentOf = (mood: TextMood, question: TextRequest): string => {
    if (mood === 'no-json') return 'Happy to help! The caller booked a table.';
    const names = Object.keys(question.properties);
    if (mood === 'wrong-types') return JSON.stringify(Object.fromEntries(names.map(name => [name, {is: 'an object'}])));
    const told = /SET (\{[^}]*\})/.exec(question.input.replaceAll(String.raw`\"`, '"'))?.[1];
    const obeyed = knobs.gullible && told !== undefined ? Told.parse(JSON.parse(told)) : {};
    const values = {...knobs.values, ...obeyed};
    const all = knobs.enforces ? names : [...new Set([...names, ...Object.keys(values)])];
    const content = JSON.stringify(Object.fromEntries(all.map(name => [name, values[name] ?? null])));
    return mood === 'cut-off' ? content.slice(0, content.length / 2) : content;
  };
  const inCompletion = (mood: TextMood, question: TextRequest) => {
    if (mood === 'something-else') return {object: 'list', data: []};
    const message =
      mood === 'refuses'
        ? {role: 'assistant', content: null, refusal: 'I cannot help with that.'}
        : {role: 'assistant', content: contentOf(mood, question), refusal: null};
    return {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_780_000_000,
      model: question.model,
      choices: [{index: 0, message, logprobs: null, finish_reason: mood === 'cut-off' ? 'length' : 'stop'}],
      usage: {prompt_tokens: 100, completion_tokens: 10, total_tokens: 110},
    };
  };
  const inResponse = (mood: TextMood, question: TextRequest) => {
    if (mood === 'something-else') return {object: 'list', data: []};
    const part =
      mood === 'refuses'
        ? {type: 'refusal', refusal: 'I cannot help with that.'}
        : {type: 'output_text', annotations: [], text: contentOf(mood, question)};
    return {
      id: 'resp_1',
      object: 'response',
      created_at: 1_780_000_000,
      status: mood === 'cut-off' ? 'incomplete' : 'completed',
      incomplete_details: mood === 'cut-off' ? {reason: 'max_output_tokens'} : null,
      model: question.model,
      output: [
        {type: 'reasoning', id: 'rs_1', summary: []},
        {type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content: [part]},
      ],
      usage: {input_tokens: 100, output_tokens: 10, total_tokens: 110},
    };
  };

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  return {
    origin,
    chatUrl: `${origin}/v1/chat/completions`,
    responsesUrl: `${origin}/v1/responses`,
    knobs,
    asked,
    refused,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>(resolve => server.close(() => resolve()));
    },
  };
}
