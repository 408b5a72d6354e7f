import type {Socket} from 'node:net';
import {deflateRawSync} from 'node:zlib';
import {serverFrame as frame, textFrame as text} from './server-frame.ts';

/**
 * What one hostile model does with the socket of a session. `handshake`: instead of the answer to the upgrade. `pour`: what it
 * sends again and again, as fast as it is taken, once the session is configured. `once`: what it sends a single time.
 */
export interface HostileModel {
  readonly what: string;
  readonly handshake?: (socket: Socket) => void;
  /** More headers of its answer to the upgrade. */
  readonly headers?: string;
  /** `round`: how often it was asked in this session. `session`: how many there were before. */
  readonly pour?: (round: number, session: number) => Buffer;
  readonly once?: (session: number) => Buffer;
  /** What it does with the connection itself, once the session is configured. */
  readonly after?: (socket: Socket) => void;
}

const many = (count: number, make: (n: number) => Buffer | object): Buffer =>
  Buffer.concat(
    Array.from({length: count}, (_, n) => {
      const made = make(n);
      return Buffer.isBuffer(made) ? made : text(made);
    }),
  );
const place = {response_id: 'r1', item_id: 'i1', output_index: 0, content_index: 0};
const created = (id: unknown) => ({type: 'response.created', response: {id, status: 'in_progress', output: []}});
const done = (id: unknown, more: object = {}) => ({
  type: 'response.done',
  response: {id, status: 'completed', ...more},
});
const audio = (responseId: unknown, itemId: unknown, delta: unknown) => ({
  type: 'response.output_audio.delta',
  ...place,
  response_id: responseId,
  item_id: itemId,
  delta,
});
const LARGE = 7_500_000;
const SECOND = Buffer.alloc(8_000, 0x55).toString('base64');

/** Values that no field of a known event has. */
const ODD: readonly unknown[] = [
  null,
  0,
  -1,
  1e308,
  true,
  '',
  [],
  {},
  [[1]],
  {a: {b: null}},
  'constructor',
  '__proto__',
  '\ud800',
  '\u0000',
  'x'.repeat(3_000),
];
const KNOWN: readonly (readonly [type: string, ...fields: string[]])[] = [
  ['session.updated', 'session'],
  ['error', 'error', 'error.code', 'error.type', 'error.message', 'error.event_id'],
  ['input_audio_buffer.speech_started', 'item_id', 'audio_start_ms'],
  ['input_audio_buffer.speech_stopped', 'item_id', 'audio_end_ms'],
  ['input_audio_buffer.committed', 'item_id'],
  ['conversation.item.added', 'item', 'item.id', 'item.role', 'item.type'],
  ['conversation.item.done', 'item', 'item.id', 'item.type', 'item.output'],
  ['conversation.item.input_audio_transcription.completed', 'item_id', 'transcript'],
  ['conversation.item.input_audio_transcription.failed', 'item_id', 'error', 'error.code', 'error.message'],
  ['response.created', 'response', 'response.id', 'response.metadata'],
  ['response.output_audio.delta', 'response_id', 'item_id', 'delta'],
  ['response.output_audio.done', 'item_id'],
  ['response.output_audio_transcript.delta', 'response_id', 'item_id', 'delta'],
  ['response.output_audio_transcript.done', 'response_id', 'item_id', 'transcript'],
  ['response.output_item.done', 'item', 'item.id', 'item.call_id', 'item.name', 'item.arguments'],
  ['response.function_call_arguments.done', 'name', 'call_id', 'arguments', 'item_id'],
  ['response.mcp_call_arguments.done', 'item_id', 'arguments'],
  ['mcp_list_tools.failed', 'item_id'],
  ['response.done', 'response', 'response.id', 'response.status', 'response.status_details', 'response.usage'],
];

function withField(type: string, path: string, value: unknown): object {
  const [outer = '', inner] = path.split('.');
  return {
    type,
    ...place,
    [outer]: inner === undefined ? value : {id: 'i1', code: 'c', type: 'mcp_call', [inner]: value},
  };
}

const WRONG_TYPES = many(1, () =>
  Buffer.concat(
    KNOWN.flatMap(([type, ...fields]) =>
      fields.flatMap(field => ODD.map(value => text(withField(type, field, value)))),
    ),
  ),
);
const OUT_OF_ORDER: readonly object[] = [
  done('never-created'),
  audio('never-created', 'i9', SECOND),
  {type: 'response.output_audio.done', ...place},
  created('r1'),
  created('r1'),
  audio('r1', 'i1', SECOND),
  audio('r0', 'i1', SECOND),
  audio('r1', 'i1', ''),
  audio('r1', 'i1', '%%%%'),
  audio('r1', 'i1', 'A'),
  {type: 'input_audio_buffer.speech_stopped', item_id: 'c1', audio_end_ms: 100},
  {type: 'input_audio_buffer.committed', item_id: 'c1'},
  {type: 'input_audio_buffer.speech_started', item_id: 'c1', audio_start_ms: 1e15},
  {type: 'conversation.item.input_audio_transcription.completed', item_id: 'unknown', transcript: 'hello'},
  {type: 'response.output_audio_transcript.done', ...place, transcript: 'before its audio'},
  {type: 'response.function_call_arguments.done', ...place, call_id: 'c', name: 'no_such_tool', arguments: '{'},
  {
    type: 'response.output_item.done',
    item: {type: 'function_call', id: 'i1', call_id: 'c', name: 'hang_on', arguments: ''},
  },
  done('r1'),
  done('r1'),
  audio('r1', 'i1', SECOND),
];
const CLOSE_CODES = [
  ...Array.from({length: 16}, (_, n) => 1_000 + n),
  0,
  999,
  2_999,
  3_000,
  3_999,
  4_000,
  4_999,
  5_000,
];
const REASONS = [Buffer.alloc(0), Buffer.alloc(123, 'x'), Buffer.from([0xff, 0xfe]), Buffer.alloc(124, 'x')];

const close = (n: number) =>
  closeWith(CLOSE_CODES[n % CLOSE_CODES.length] ?? 0, REASONS[n % REASONS.length] ?? Buffer.alloc(0));

function closeWith(number: number, reason = Buffer.alloc(0)): Buffer {
  const code = Buffer.alloc(2);
  code.writeUInt16BE(number);
  return frame(8, Buffer.concat([code, reason]));
}

const answer =
  (head: string, endless = false) =>
  (socket: Socket) => {
    socket.write(head);
    if (!endless) return;
    const timer = setInterval(() => socket.write('x'.repeat(10_000)), 5);
    socket.once('close', () => clearInterval(timer));
  };

/** Made once: it takes a second. */
let bomb: Buffer | undefined;

/** Each is one session of a call, and again when it is lost. */
export const HOSTILE_MODELS: Readonly<Record<string, HostileModel>> = {
  begun: {what: 'answers that begin and do not end', pour: round => many(1_000, n => created(`r${round}-${n}`))},
  begunAndEnded: {
    what: 'answers of which one in a hundred ends, 50,000 and more of them in one session',
    pour: round => many(1_000, n => (n % 100 === 99 ? done(`r${round}-${n - 1}`) : created(`r${round}-${n}`))),
  },
  brackets: {
    what: 'events of 8 MB that are all brackets',
    pour: round =>
      text(
        round % 2 === 0
          ? `{"type":"a","a":${'['.repeat(LARGE / 2)}${']'.repeat(LARGE / 2)}}`
          : `{"type":"a","a":[${'{},'.repeat(LARGE / 3)}0]}`,
      ),
  },
  tiny: {what: 'tiny events', pour: () => many(5_000, () => ({type: 'a'}))},
  tinyKnown: {
    what: 'a caller who begins and stops to speak, thousands of times',
    pour: round =>
      many(1_000, n => ({
        type: `input_audio_buffer.speech_${n % 2 === 0 ? 'started' : 'stopped'}`,
        item_id: `c${round}-${n}`,
        audio_start_ms: n,
        audio_end_ms: n,
      })),
  },
  types: {what: 'each field of known events with values of other types', pour: () => WRONG_TYPES},
  order: {
    what: 'events out of order, with ids that repeat or belong to nothing',
    pour: () => many(1, n => many(OUT_OF_ORDER.length, at => OUT_OF_ORDER[at] ?? {n})),
  },
  base64: {
    what: 'audio of 7.5 MB that is no base64',
    pour: round => text(audio('r1', 'i1', (round % 2 === 0 ? 'A-' : '%').repeat(LARGE / (2 - (round % 2))))),
  },
  oddAudio: {
    what: 'audio that is empty, of one letter, of odd length, of 3.9 MB and of 4 MB in turn',
    pour: round =>
      many(30, n => {
        const odd = ['', 'A', 'AA', 'AAA', 'AAAAA', 'AA==AA', '====', 'A A A A', '\u0000AAA', null, 12, ['AAAA']];
        const huge = n === 29 ? 'A'.repeat(round % 2 === 0 ? 3_900_000 : 4_100_000) : undefined;
        return audio('r1', 'i1', huge ?? odd[n % odd.length]);
      }),
  },
  longAudio: {
    what: 'audio of two minutes in each event',
    pour: () => text(audio('r1', 'i1', SECOND.repeat(120).replaceAll('=', 'V'))),
  },
  ids: {
    what: 'ids of 7.5 MB',
    pour: round => text(audio('r'.repeat(LARGE / 2), `${round}${'i'.repeat(LARGE / 2)}`, SECOND)),
  },
  ended: {
    what: 'ends of answers that never began, with ten million tokens each',
    pour: round => many(1_000, n => done(`r${round}-${n}`, {usage: {output_token_details: {audio_tokens: 1e7}}})),
  },
  tools: {
    what: 'thousands of tool calls',
    pour: round =>
      many(500, n => ({
        type: 'response.function_call_arguments.done',
        ...place,
        call_id: `c${round}-${n}`,
        name: n % 2 === 0 ? 'no_such_tool' : 'end_call',
        arguments: '{"a":1}',
      })),
  },
  words: {
    what: 'words of the caller, 7 MB at a time',
    pour: round =>
      text({
        type: 'conversation.item.input_audio_transcription.completed',
        item_id: `c${round}`,
        transcript: 'w '.repeat(LARGE / 2),
      }),
  },
  items: {
    what: 'new items without end',
    pour: round =>
      many(1_000, n => ({
        type: 'conversation.item.added',
        item: {id: `i${round}-${n}`, role: 'assistant', type: 'message'},
      })),
  },
  errors: {
    what: 'errors with codes such as `constructor`',
    pour: () =>
      many(200, n => ({
        type: 'error',
        error: {code: ['constructor', 'toString', '__proto__', 'other'][n % 4], message: 'm'.repeat(1_000)},
      })),
  },
  pings: {what: 'pings of 125 bytes', pour: () => many(2_000, () => frame(9, Buffer.alloc(125, 'p')))},
  emptyPings: {what: 'pings of no bytes', pour: () => many(20_000, () => frame(9, Buffer.alloc(0)))},
  pongs: {what: 'pongs without a ping', pour: () => many(20_000, () => frame(10, Buffer.alloc(0)))},
  fragments: {
    what: 'a message in fragments of one byte without end',
    pour: round => many(10_000, n => frame(round === 0 && n === 0 ? 1 : 0, Buffer.from('x'), {last: false})),
  },
  emptyFragments: {
    what: 'a message in empty fragments without end',
    pour: round => many(20_000, n => frame(round === 0 && n === 0 ? 1 : 0, Buffer.alloc(0), {last: false})),
  },
  closes: {what: 'close codes 0 to 5000 with long and invalid reasons', once: session => close(session)},
  bomb: {
    what: 'a compressed message of 200 MB, and its extension in the handshake',
    headers: 'Sec-WebSocket-Extensions: permessage-deflate\r\n',
    once: () => (bomb ??= frame(1, deflateRawSync(Buffer.alloc(200_000_000, ' ')), {first: 0xc1})),
  },
  compressed: {
    what: 'a compressed message without an agreement to compress',
    once: () => frame(1, Buffer.alloc(1_000), {first: 0xc1}),
  },
  claims: {what: 'a frame that claims 2^62 bytes', once: () => frame(1, Buffer.alloc(10), {length: 2 ** 62})},
  binary: {what: 'binary garbage', pour: round => frame(2, Buffer.alloc(100_000, round % 256))},
  noClose: {what: 'a connection that ends without a close frame', after: socket => socket.end()},
  reset: {what: 'a connection that is reset', after: socket => socket.resetAndDestroy()},
  allCloses: {what: 'each close code from 1000 to 4999 in turn', once: session => closeWith(1_000 + (session % 4_000))},
  silent: {what: 'a handshake that is never answered', handshake: () => {}},
  slowHead: {
    what: 'a handshake whose answer comes a byte at a time',
    handshake(socket) {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nX-Long: ');
      const timer = setInterval(() => socket.write('a'), 200);
      socket.once('close', () => clearInterval(timer));
    },
  },
  longHead: {
    what: 'an answer with headers of 1 MB',
    handshake: answer(`HTTP/1.1 429 No\r\nX-Long: ${'x'.repeat(1_000_000)}\r\n\r\n`),
  },
  redirect: {
    what: 'a redirect with a body without end',
    handshake: answer('HTTP/1.1 301 Moved\r\nLocation: ws://10.0.0.1/\r\n\r\n', true),
  },
  tooMany: {
    what: '429 with 15 kB of headers and a body without end',
    handshake: answer(`HTTP/1.1 429 No\r\nRetry-After: 1\r\nX-Long: ${'x'.repeat(15_000)}\r\n\r\n`, true),
  },
  refused: {what: '401', handshake: answer('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n')},
  away: {what: '503', handshake: answer('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n')},
  tooManyDate: {
    what: '429 with a date, and with nonsense, as Retry-After',
    handshake(socket) {
      const after = Date.now() % 2 === 0 ? 'Wed, 21 Oct 2126 07:28:00 GMT' : '-1e999';
      socket.write(`HTTP/1.1 429 No\r\nRetry-After: ${after}\r\nContent-Length: 0\r\n\r\n`);
    },
  },
  wrongAccept: {
    what: 'a handshake with another key',
    handshake: answer(
      'HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
    ),
  },
};
