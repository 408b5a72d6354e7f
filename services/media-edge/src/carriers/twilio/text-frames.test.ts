import {describe, expect, test} from 'vitest';
import fc from 'fast-check';
import * as ws from 'ws';
import {TextFrames} from './text-frames.ts';

// Its types do not name them.
const {Receiver, Sender} = ws as unknown as {
  Receiver: new (options: object) => NodeJS.WritableStream;
  Sender: {frame(data: Buffer, options: object): Buffer[]};
};
const MOST = 2_000;

/** One frame as a client sends it. */
function frame(kind: number, payload: Buffer, {isMasked = true} = {}): Buffer {
  const size = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 0xff];
  const [length = 0, ...more] = size;
  if (!isMasked) return Buffer.concat([Buffer.from([kind, length, ...more]), payload]);
  const key = Buffer.from([0x12, 0xfe, 0x03, 0x99]);
  const masked = payload.map((byte, place) => byte ^ (key[place % 4] ?? 0));
  return Buffer.concat([Buffer.from([kind, length | 0x80, ...more]), key, masked]);
}
const text = (words: string) => frame(0x81, Buffer.from(words));

/** The library's own reader, and what it reads. */
function libraryReader() {
  const told: string[] = [];
  const receiver = new Receiver({isServer: true, maxPayload: MOST, allowSynchronousEvents: true});
  receiver.on('message', (data: Buffer, isBinary: boolean) =>
    told.push(`${isBinary ? 'bytes' : 'text'} ${data.toString('latin1')}`),
  );
  receiver.on('ping', (data: Buffer) => told.push(`ping ${data.toString('latin1')}`));
  receiver.on('pong', (data: Buffer) => told.push(`pong ${data.toString('latin1')}`));
  receiver.on('conclude', (code: number) => told.push(`close ${code}`));
  receiver.on('error', (error: Error) => told.push(`error ${error.message}`));
  return {told, read: (bytes: Buffer) => void receiver.write(Buffer.from(bytes))};
}

/** What is read of these chunks. `before`: with `TextFrames` before the library. */
async function read(chunks: readonly Buffer[], before: boolean): Promise<{told: string[]; direct: number}> {
  const library = libraryReader();
  let direct = 0;
  const frames = new TextFrames(
    {
      text(message) {
        direct += 1;
        library.told.push(`text ${message.toString('latin1')}`);
        return true;
      },
      other: library.read,
    },
    MOST,
  );
  for (const chunk of chunks) {
    if (before && !frames.isOver) frames.feed(Buffer.from(chunk));
    else library.read(chunk);
  }
  await new Promise(resolve => setImmediate(resolve));
  return {told: library.told, direct};
}

describe('the whole texts of a connection', () => {
  test('are read without the library, and pings with it, in their order', async () => {
    const bytes = Buffer.concat([
      text('one'),
      frame(0x89, Buffer.from('p')),
      text('x'.repeat(300)),
      frame(0x8a, Buffer.alloc(0)),
      text(''),
    ]);
    const {told, direct} = await read([bytes], true);
    expect(told).toEqual(['text one', 'ping p', `text ${'x'.repeat(300)}`, 'pong ', 'text ']);
    expect(direct).toBe(3);
  });

  test('go on to be read after one of them was cut in two', async () => {
    const bytes = Buffer.concat([text('one'), text('x'.repeat(300)), text('three'), text('four')]);
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const {told, direct} = await read([bytes.subarray(0, cut), bytes.subarray(cut)], true);
      expect(told).toEqual(['text one', `text ${'x'.repeat(300)}`, 'text three', 'text four']);
      expect(direct).toBeGreaterThanOrEqual(3);
    }
  });

  test('end with the first of which the reader wants no more', () => {
    const others: string[] = [];
    const frames = new TextFrames({text: () => false, other: bytes => void others.push(bytes.toString('hex'))}, MOST);
    frames.feed(Buffer.concat([text('one'), text('two')]));
    expect(frames.isOver).toBe(true);
    expect(others).toEqual([text('two').toString('hex')]);
  });

  test('leave nothing behind when the library takes over in the middle of a header', () => {
    const others: Buffer[] = [];
    const frames = new TextFrames({text: () => true, other: bytes => void others.push(Buffer.from(bytes))}, MOST);
    frames.feed(text('one').subarray(0, 4));
    expect(others).toEqual([]);
    frames.giveUp();
    expect(Buffer.concat(others)).toEqual(text('one').subarray(0, 4));
  });
});

const payload = fc.oneof(
  fc.string({maxLength: 200, unit: 'binary'}).map(words => Buffer.from(words)),
  fc.uint8Array({maxLength: 2_100}).map(bytes => Buffer.from(bytes)),
);
const anyFrame = fc.oneof(
  {weight: 8, arbitrary: fc.string({maxLength: 400}).map(text)},
  {weight: 2, arbitrary: payload.map(bytes => frame(0x81, bytes))},
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(0x89, 0x8a), fc.uint8Array({maxLength: 125}))
      .map(([kind, bytes]) => frame(kind, Buffer.from(bytes))),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(255), payload, fc.boolean())
      .map(([kind, bytes, isMasked]) => frame(kind, bytes, {isMasked})),
  },
  {
    weight: 1,
    arbitrary: payload
      .map(bytes => Sender.frame(bytes, {fin: true, opcode: 1, mask: true, rsv1: false, readOnly: true}))
      .map(list => Buffer.concat(list)),
  },
);

test('whatever a peer sends, and however it is cut, is read as the library alone would read it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyFrame, {maxLength: 8}), fc.array(fc.nat(400), {maxLength: 12}), async (sent, cuts) => {
      const bytes = Buffer.concat(sent);
      const chunks: Buffer[] = [];
      let at = 0;
      for (const length of [...cuts, bytes.length]) {
        if (at < bytes.length) chunks.push(bytes.subarray(at, at + length + 1));
        at += length + 1;
      }
      const [{told}, library] = [await read(chunks, true), await read(chunks, false)];
      // The library tells of an error a moment later: whole texts behind it may have been read by then.
      const good = library.told.filter(each => !each.startsWith('error'));
      expect(told.slice(0, good.length)).toEqual(good);
      if (good.length === library.told.length) expect(told).toEqual(good);
      else expect(told.filter(each => each.startsWith('error'))).toEqual(library.told.slice(good.length));
    }),
    {numRuns: 500},
  );
});
