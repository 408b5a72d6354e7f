import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {expect, test} from 'vitest';
import {chunksAmong, emptyRecording, layInto, missingMs} from '../../services/analytics/src/recordings/join-chunks.ts';
import {StoredRecording} from '../../services/realtime-worker/src/recording/stored-recording.ts';
import {Side} from '../../services/realtime-worker/src/testing/memory-recording.ts';

const callSid = CallSid.parse(`CA${'1'.repeat(32)}`);
const call = {callSid, assistant: 'd'};
const text = (ms: Millis, byte: number) => Buffer.from(Buffer.alloc(ms * 8, byte).toString('base64'));

/** What the first owner of the call says is still playing when it stops, and what the caller says all the time. */
const [FIRST, SECOND, CALLER] = [0x10, 0x11, 0x20];

/**
 * A call of 20 s whose owner does not run any more from 5,000 on. Another worker has it from 5,200 on, and the phone plays what
 * the first one sent until 8,000.
 */
class TakenOver {
  readonly chunks = new Map<string, Buffer>();
  readonly first = this.#opened(1, 0, undefined);
  readonly next = this.#opened(2, 5_200, 2_800);

  /** `resentFrom`: what is before is in the conversation, and the edge does not send it again. */
  constructor(resentFrom: Millis = 3_000) {
    this.first.assistantAudio(text(5_000, FIRST).toString(), 3_000);
    this.#says(this.first, 0, 5_000);
    this.next.missedSince(4_500);
    for (let ms = resentFrom; ms < 5_200; ms += 20) this.#frame(this.next, ms, 5_210);
    this.#says(this.next, 5_200, 9_000);
    this.next.assistantAudio(text(1_000, SECOND).toString(), 6_000);
    this.#says(this.next, 9_000, 20_000);
  }

  #opened(epoch: number, fromMs: Millis, inheritedMs: Millis | undefined): StoredRecording {
    const put = (key: string, body: Buffer) => void this.chunks.set(key, body);
    return new StoredRecording({...call, epoch, fromMs, ...(inheritedMs === undefined ? {} : {inheritedMs})}, put);
  }

  #frame(recording: StoredRecording, ms: Millis, at: Millis): void {
    const frame = text(20, CALLER);
    recording.callerFrame(ms, frame, 0, frame.length, at);
  }

  #says(recording: StoredRecording, from: Millis, until: Millis): void {
    for (let ms = from; ms < until; ms += 20) this.#frame(recording, ms, ms);
  }

  joined() {
    const placed = chunksAmong([...this.chunks].map(([key, body]) => ({key, bytes: body.length})));
    const stereo = emptyRecording(0, 20_000);
    for (const chunk of placed) layInto(stereo, 0, chunk, this.chunks.get(chunk.key) ?? Buffer.alloc(0));
    const [caller, assistant] = [new Side(stereo, 0), new Side(stereo, 1)];
    return {
      missing: missingMs(placed, 0, 20_000),
      caller: caller.msOf(CALLER),
      spans: [assistant.spanOf(FIRST), assistant.spanOf(SECOND)],
    };
  }
}

test('a call whose owner froze and woke is recorded whole: what the phone played of it, and what the caller said meanwhile', () => {
  const over = new TakenOver();
  over.first.left(5_000, 11_000, false);
  over.next.ended(20_000);
  expect(over.joined()).toEqual({
    missing: 0,
    caller: 20_000,
    spans: [
      [3_000, 8_000],
      [8_000, 9_000],
    ],
  });
});

test('what the edge does not send to the next owner again is in the recording as the first one has it', () => {
  const over = new TakenOver(4_900);
  over.first.left(5_000, 11_000, false);
  over.next.ended(20_000);
  expect(over.joined()).toMatchObject({missing: 0, caller: 20_000});
});

test('what the phone played of an owner that never woke counts as missing', () => {
  const over = new TakenOver();
  over.next.ended(20_000);
  const {missing, caller, spans} = over.joined();
  expect([missing, spans]).toEqual([8_000, [undefined, [8_000, 9_000]]]);
  expect(caller).toBe(20_000 - 4_500);
});

test('what the next owner told the phone to drop is not in the recording, though the owner before had sent it', () => {
  const over = new TakenOver();
  over.next.cleared(6_500);
  over.first.left(5_000, 11_000, false);
  over.next.ended(20_000);
  const {missing, spans} = over.joined();
  expect([missing, spans[0]]).toEqual([0, [3_000, 6_500]]);
});

test('where the next owner was killed too, the silence of the one that woke does not pass for a recording', () => {
  const over = new TakenOver();
  over.first.left(5_000, 11_000, false);
  expect(over.joined().missing).toBe(15_000);
});

test('a worker that slept for longer than pieces are waited for stores none, unless the call goes on: nobody would remove them', () => {
  const [ended, goesOn] = [new TakenOver(), new TakenOver()];
  ended.first.left(5_000, 40_000, false);
  goesOn.first.left(5_000, 40_000, true);
  expect([ended.chunks.size, goesOn.chunks.size]).toEqual([0, 2]);
});
