import {randomBytes} from 'node:crypto';
import type {Socket} from 'node:net';
import {handshake} from './strangers.ts';

/** A handshake that the edge takes once, for a socket whose owner then does harm. */
export interface Pass {
  readonly path: string;
  readonly signature: string;
}

/** What one hostile socket does once it is connected. None closes by itself. */
export interface HostileKind {
  readonly what: string;
  /** A timer that must be stopped with the socket. */
  readonly act: (socket: Socket) => NodeJS.Timeout | undefined;
}

/** The same for a socket with a pass. */
export interface HostileGuest {
  readonly what: string;
  readonly act: (socket: Socket, pass: Pass) => NodeJS.Timeout | undefined;
}

const HEAD = 'GET /nothing HTTP/1.1\r\nHost: x\r\n';
const MASK = Buffer.from([1, 2, 3, 4]);

/** A frame of a client, all of whose bytes are masked. `length`: what its header claims, if that is not true. */
function frame(opcode: number, body: Buffer, {last = true, length = body.length} = {}): Buffer {
  const first = Buffer.from([(last ? 0x80 : 0) | opcode]);
  const size =
    length < 126
      ? Buffer.from([0x80 | length])
      : Buffer.from([
          0x80 | 127,
          ...Array.from({length: 8}, (_, n) => Number((BigInt(length) >> BigInt(56 - 8 * n)) & 255n)),
        ]);
  return Buffer.concat([first, size, MASK, body.map((byte, at) => byte ^ (MASK[at % 4] ?? 0))]);
}

const PING = frame(9, Buffer.alloc(100));
const FRAGMENT = frame(0, Buffer.from('x'), {last: false});
const unknown = () => `/media-stream/${randomBytes(16).toString('hex')}`;

/** What strangers do: nobody has signed anything for them. */
export const STRANGERS: readonly HostileKind[] = [
  {what: 'silent', act: () => undefined},
  {
    what: 'refused and never closed',
    act(socket) {
      socket.write(handshake('/nothing'));
      return undefined;
    },
  },
  {
    what: 'a header that never ends, a byte a second',
    act(socket) {
      socket.write(HEAD);
      return setInterval(() => socket.write('a'), 1_000);
    },
  },
  {
    what: 'a body that never ends',
    act(socket) {
      socket.write('POST /incoming-call HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na');
      return undefined;
    },
  },
  {
    what: 'half open: half a header, and our side is closed',
    act(socket) {
      socket.end(HEAD);
      return undefined;
    },
  },
  {
    what: 'a header of 30 kB',
    act(socket) {
      socket.write(`${HEAD}X-Long: ${'x'.repeat(30_000)}`);
      return undefined;
    },
  },
  {
    what: 'a forged handshake, and frames and pings behind it at once',
    act(socket) {
      socket.write(handshake(unknown(), randomBytes(20).toString('base64')));
      socket.write(Buffer.concat([...Array.from({length: 50}, () => PING), FRAGMENT, FRAGMENT]));
      return undefined;
    },
  },
  {
    what: 'a question for health on a connection that is kept',
    act(socket) {
      socket.write('GET /livez HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n');
      return undefined;
    },
  },
];

/** What sockets do that an edge has opened. */
export const GUESTS: readonly HostileGuest[] = [
  {what: 'admitted, and silent', act: behind(() => undefined)},
  {what: 'admitted, a ping each millisecond', act: behind(socket => setInterval(() => socket.write(PING), 1))},
  {
    what: 'admitted, a message in fragments without end',
    act: behind(socket => setInterval(() => socket.write(FRAGMENT), 20)),
  },
  {
    what: 'admitted, a message of 100 kB',
    act: behind(socket => {
      socket.write(frame(1, Buffer.alloc(100_000, 'x')));
      return undefined;
    }),
  },
  {
    what: 'admitted, half a frame that claims 2^40 bytes',
    act: behind(socket => {
      socket.write(frame(1, Buffer.alloc(10), {length: 2 ** 40}));
      return undefined;
    }),
  },
];

/** Sends the handshake, and does the rest when it was answered. */
function behind(act: (socket: Socket) => NodeJS.Timeout | undefined): HostileGuest['act'] {
  return (socket, {path, signature}) => {
    socket.write(handshake(path, signature));
    let timer: NodeJS.Timeout | undefined;
    socket.once('data', () => (timer = act(socket)));
    socket.once('close', () => clearInterval(timer));
    return undefined;
  };
}
