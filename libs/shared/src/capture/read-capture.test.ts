import {expect, test} from 'vitest';
import {CallSid} from '../protocol/ids.ts';
import {FakeClock} from '../testing/fake-clock.ts';
import {Chain, sealed} from './chain.ts';
import {MemoryCapture} from './memory-capture.ts';
import {readCapture} from './read-capture.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const SOUND = Buffer.alloc(160, 0x10).toString('base64');

/** What an edge wrote of a call: three frames, two of them the same, and a clear. */
function written(atMost?: number): string {
  const clock = new FakeClock();
  const all = new MemoryCapture(clock);
  const section = all.of('edge-1', atMost).begin({half: 'edge', callSid, about: {}});
  for (const payload of [SOUND, '//8=', SOUND]) {
    clock.advance(20);
    section.line('phone', 'in', {kind: 'audio', timestamp: clock.now(), payload: section.audio(payload)});
  }
  section.line('phone', 'out', {kind: 'clear'});
  section.end();
  section.line('phone', 'out', {kind: 'clear'});
  return all.text;
}

test('a capture reads as it was written, and audio that comes again is in it once', () => {
  const text = written();
  expect(text.split(SOUND)).toHaveLength(2);
  const [section] = readCapture(text, 'call.jsonl');
  expect(section).toMatchObject({half: 'edge', process: 'edge-1', callSid, end: 'over', until: 60});
  expect(
    section?.lines.map(({at, direction, message}) => [at, direction, message['payload'] ?? message['kind']]),
  ).toEqual([
    [20, 'in', SOUND],
    [40, 'in', '//8='],
    [60, 'in', SOUND],
    [60, 'out', 'clear'],
  ]);
});

test('the capture of a call that is too long for its limit says so', () => {
  expect(readCapture(written(300), 'call.jsonl')).toMatchObject([{end: 'full'}]);
});

test('a capture that was cut is read up to there', () => {
  const text = written();
  const cut = text.slice(0, text.indexOf('clear') + 3);
  const [section] = readCapture(cut, 'call.jsonl');
  expect(section).toMatchObject({end: undefined, until: 60});
  expect(section?.lines).toHaveLength(3);
});

test('whoever edits a capture is told in which line', () => {
  const lines = written().split('\n');
  const edited = (change: (all: string[]) => unknown) => {
    const all = [...lines];
    change(all);
    return () => readCapture(all.join('\n'), 'call.jsonl');
  };
  expect(edited(all => (all[2] = all[2]?.replace('"at":40', '"at":41') ?? ''))).toThrow(
    'call.jsonl, line 3: this line, or what was between it and the one before, is not as it was written',
  );
  expect(edited(all => all.splice(1, 1))).toThrow('call.jsonl, line 2: this line, or what was between it');
  expect(edited(all => all.splice(0, 1))).toThrow('call.jsonl, line 1: the file does not begin with the head');
  expect(edited(all => all.splice(3, 0, '# a remark'))).toThrow('call.jsonl, line 4: this is no line of a capture');
  expect(() => readCapture('', 'call.jsonl')).toThrow('call.jsonl has no line of a capture');
});

test('whoever has a capture of a newer version is told which version plays it', () => {
  const head = JSON.stringify({capture: 2, wall: 0, half: 'edge', callSid, process: 'edge-1', about: {}});
  const newer = sealed(head, new Chain().next(head));
  expect(() => readCapture(`${newer}\n`, 'call.jsonl')).toThrow(
    'call.jsonl, line 1: this was written by another version (format 2, and not 1), which this one cannot read: replay it with the version that wrote it',
  );
});
