import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {Batch, spublishPrefix} from './resp-batch.ts';
import {NotResp, RespReader, type RespSink, type RespValue} from './resp-reader.ts';

/** What a reader has said, in order. */
type Event = readonly [kind: 'integer' | 'error' | 'value' | 'message' | 'push', ...what: unknown[]];

function recorder(): {sink: RespSink; events: Event[]} {
  const events: Event[] = [];
  const sink: RespSink = {
    integer: value => events.push(['integer', value]),
    error: text => events.push(['error', text]),
    value: value => events.push(['value', value]),
    message: (bytes, channel, body) =>
      events.push([
        'message',
        bytes.toString('latin1', channel.from, channel.to),
        bytes.toString('latin1', body.from, body.to),
      ]),
    push: (kind, parts) => events.push(['push', kind, parts]),
  };
  return {sink, events};
}

function read(...chunks: (Buffer | string)[]): Event[] {
  const {sink, events} = recorder();
  const reader = new RespReader(sink);
  for (const chunk of chunks) reader.feed(Buffer.from(chunk as string, 'latin1'));
  return events;
}

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
const message = (channel: string, body: string) => `>3\r\n$8\r\nsmessage\r\n${bulk(channel)}${bulk(body)}`;
const latin1 = fc.uint8Array({maxLength: 40}).map(bytes => Buffer.from(bytes).toString('latin1'));
const ascii = fc.stringMatching(/^[ -~]{0,30}$/);

/** Something that Redis may say, and what the reader makes of it. */
const said: fc.Arbitrary<{bytes: string; event: Event}> = fc.oneof(
  fc.integer().map(value => ({bytes: `:${value}\r\n`, event: ['integer', value] as const})),
  ascii.map(text => ({bytes: `-${text}\r\n`, event: ['error', text] as const})),
  ascii.map(text => ({bytes: bulk(text), event: ['value', text] as const})),
  fc.record({channel: ascii, body: latin1}).map(({channel, body}) => ({
    bytes: message(channel, body),
    event: ['message', channel, body] as const,
  })),
  fc.array(fc.tuple(ascii, fc.integer())).map(pairs => ({
    bytes: `%${pairs.length}\r\n${pairs.map(([key, value]) => `${bulk(key)}:${value}\r\n`).join('')}`,
    event: ['value', pairs.flat()] as const,
  })),
  ascii.map(channel => ({
    bytes: `>3\r\n${bulk('sunsubscribe')}${bulk(channel)}:0\r\n`,
    event: ['push', 'sunsubscribe', [channel, 0]] as const,
  })),
);

/** Cuts bytes anywhere. */
function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map(at => at % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((to, index) => bytes.subarray(places[index], to));
}

describe('what Redis says', () => {
  test('is read as it was said, wherever the chunks end', () => {
    fc.assert(
      fc.property(fc.array(said, {maxLength: 12}), fc.array(fc.nat(), {maxLength: 8}), (all, cuts) => {
        const bytes = Buffer.from(all.map(each => each.bytes).join(''), 'latin1');
        expect(read(...cut(bytes, cuts))).toEqual(all.map(each => each.event));
      }),
      {numRuns: 500},
    );
  });

  test.each<[string, string, RespValue]>([
    ['a status', '+OK\r\n', 'OK'],
    ['nothing, in RESP2', '$-1\r\n', null],
    ['no list, in RESP2', '*-1\r\n', null],
    ['nothing', '_\r\n', null],
    ['yes', '#t\r\n', true],
    ['a fraction', ',1.5\r\n', 1.5],
    ['a large number', '(12345678901234567890\r\n', '12345678901234567890'],
    ['text with its format', '=6\r\ntxt:ab\r\n', 'txt:ab'],
    ['a list of lists', '*2\r\n*2\r\n:1\r\n$1\r\na\r\n~0\r\n', [[1, 'a'], []]],
    ['an error inside a list', '*1\r\n-ERR no\r\n', ['ERR no']],
    ['attributes before a value', '|1\r\n+ttl\r\n:5\r\n+OK\r\n', 'OK'],
  ])('may be %s', (_, bytes, value) => {
    expect(read(bytes)).toEqual([['value', value]]);
  });

  test('is never a value before it is complete', () => {
    const whole = `${message('media:{a}:up', 'frame')}*1\r\n*1\r\n$3\r\nabc\r\n`;
    for (let end = 0; end < whole.length; end += 1) {
      const isMessageComplete = end >= message('media:{a}:up', 'frame').length;
      expect(read(whole.slice(0, end))).toHaveLength(isMessageComplete ? 1 : 0);
    }
  });
});

describe('what is no RESP', () => {
  test.each([
    ['a page of HTML', 'HTTP/1.1 400 Bad Request\r\n'],
    ['a string of two gigabytes', '$2147483647\r\n'],
    ['a list of a billion parts', '*1000000000\r\n'],
    ['a negative length', '$-2\r\n'],
    ['a number with letters', ':12a\r\n'],
    ['a number without digits', ':\r\n'],
    ['a number that never ends', `:${'1'.repeat(40)}`],
    ['a string that is longer than it says', '$3\r\nabcd\r\n'],
    ['a line end without its second half', ':1\rx'],
    ['lists without end', '*1\r\n'.repeat(20)],
    ['an error of a megabyte', `-${'x'.repeat(1_000_000)}`],
    ['a message whose body is a number', '>3\r\n$8\r\nsmessage\r\n$1\r\na\r\n:1\r\n'],
    ['a push whose kind is a number', '>2\r\n:1\r\n:1\r\n'],
  ])('such as %s, is refused', (_, bytes) => {
    expect(() => read(bytes)).toThrow(NotResp);
  });

  test('is refused or waited for, and nothing else, whatever the bytes are', () => {
    const near = fc.constantFrom(
      ...':-+$*%>|~#_,(!=\r\n0123456789'.split(''),
      'smessage',
      '\r\n',
      '>3\r\n$8\r\nsmessage\r\n$1\r\n',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(near, latin1)), fc.array(fc.nat(), {maxLength: 4}), (parts, cuts) => {
        try {
          read(...cut(Buffer.from(parts.join(''), 'latin1'), cuts));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(NotResp);
        }
      }),
      {numRuns: 2_000},
    );
  });
});

test('a listener that throws costs nobody else a message', () => {
  const {sink, events} = recorder();
  const reader = new RespReader({
    ...sink,
    integer: value => {
      if (value === 1) throw new Error('a bug of ours');
      sink.integer(value);
    },
  });
  expect(() => reader.feed(Buffer.from(':1\r\n:2\r\n:3\r'))).toThrow('a bug of ours');
  reader.feed(Buffer.from('\n'));
  expect(events).toEqual([
    ['integer', 2],
    ['integer', 3],
  ]);
});

test('a connection that was closed by its first reply says no more', () => {
  const {sink, events} = recorder();
  const reader: RespReader = new RespReader({...sink, error: () => reader.stop()});
  reader.feed(Buffer.from('-NOAUTH\r\n:1\r\n'));
  reader.feed(Buffer.from(':2\r\n'));
  expect(events).toEqual([]);
});

test('what is written can be read: a command is a list of its words', () => {
  const nobody = {counted: () => {}, answered: () => {}, refused: () => {}};
  fc.assert(
    fc.property(ascii, fc.uint8Array({maxLength: 300}), (channel, bytes) => {
      const body = Buffer.from(bytes)
        .toString('latin1')
        .replaceAll(/[\u0080-\u00ff]/g, 'x');
      const batch = new Batch();
      batch.spublish(spublishPrefix(channel), Buffer.from(body, 'latin1'), nobody, 0);
      batch.command(['SSUBSCRIBE', channel], nobody);
      expect(read(batch.bytes)).toEqual([
        ['value', ['SPUBLISH', channel, body]],
        ['value', ['SSUBSCRIBE', channel]],
      ]);
    }),
  );
});
