import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {FromTwilio} from './from-twilio.ts';
import {AnyPhone} from './any-phone.ts';
import {type Reader, TwilioReader} from './read-twilio.ts';
import {OTHER_PHONES} from '../../testing/other-phones.ts';
import {TestEdge} from '../../testing/test-edge.ts';
import {newCallSid, newStreamSid, TwilioClient} from '../../testing/twilio-client.ts';

const read = (reader: Reader, message: unknown) => reader.read(JSON.stringify(message));
const readTwilio = (text: string) => new TwilioReader().read(text);
const bytesOf = (payload: string) => Buffer.from(payload, 'base64');
const silence = (bytes: number) => Buffer.alloc(bytes, 0xff).toString('base64');

function timesOf(messages: readonly object[]): number[] {
  const reader = new AnyPhone();
  read(reader, {event: 'start', streamSid: 's'});
  return messages.map(message => {
    const got = read(reader, message);
    if (!got.ok || got.message.event !== 'media') throw new Error('not an audio message');
    return Number(got.message.media.timestamp);
  });
}

const media = (timestamp: unknown, bytes = 160, more = {}) => ({
  event: 'media',
  media: {payload: silence(bytes), ...(timestamp === undefined ? {} : {timestamp}), ...more},
});

describe('with TWILIO_VALIDATE=off a call comes from', () => {
  test.each(OTHER_PHONES)('$name', async phone => {
    const harness = await TestEdge.start({TWILIO_VALIDATE: 'off'});
    const worker = await harness.worker();
    const caller = await new TwilioClient(harness.edge.port, '/media-stream', newCallSid(), {}).open();
    const frames = Array.from({length: 8}, (_, frame) => Buffer.alloc(phone.frameBytes, frame + 1));
    for (const message of phone.hello) caller.send(message);
    frames.forEach((bytes, frame) => caller.send(phone.speak(bytes.toString('base64'), frame)));
    const audio = () =>
      worker.heard().flatMap(frame => (frame.kind === 'audio' ? [{...frame, bytes: bytesOf(frame.payload)}] : []));
    const heard = () => Buffer.concat(audio().map(({bytes}) => bytes));
    await harness.until(() => heard().length === frames.length * phone.frameBytes, 'it is heard');
    expect(heard()).toEqual(Buffer.concat(frames));
    let bytesBefore = 0;
    for (const {timestamp, bytes} of audio()) {
      expect(timestamp - audio()[0]!.timestamp).toBe(bytesBefore / 8);
      bytesBefore += bytes.length;
    }
    const [take] = worker.asked;
    if (phone.call === undefined) expect(take?.callSid).toMatch(/^CA[0-9a-f]{32}$/);
    else expect(take?.callSid).toBe(phone.call);

    worker.say({kind: 'audio', payload: silence(160), mark: '1:0'});
    await harness.until(() => caller.got.length === 2, 'it hears the assistant');
    const own = phone.stream ?? expect.stringMatching(/^MZ[0-9a-f]{32}$/);
    expect(caller.got).toMatchObject([
      {event: 'media', streamSid: own},
      {event: 'mark', streamSid: own},
    ]);
    caller.send({event: 'mark', mark: {name: '1:0'}});
    caller.send({event: 'dtmf', dtmf: {digit: 7}});
    caller.send({event: 'stop'});
    await harness.until(() => worker.kinds().includes('ended'), 'it has hung up');
    expect(worker.kinds().slice(-3)).toEqual(['mark', 'digit', 'ended']);
    expect(await harness.metric('malformed_total')).toEqual([]);
  });

  test('two clients that give their streams the same name, and neither hears the other', async () => {
    const harness = await TestEdge.start({TWILIO_VALIDATE: 'off'});
    const worker = await harness.worker();
    const clients: TwilioClient[] = [];
    const attaches = () => worker.asked.flatMap(ask => (ask.type === 'attach' ? [ask.streamSid] : []));
    for (const callSid of ['call-one', 'call-two']) {
      const client = await new TwilioClient(harness.edge.port, '/media-stream', newCallSid(), {}).open();
      client.send({event: 'start', start: {streamSid: 'TEST123', callSid}});
      client.send(media(undefined));
      clients.push(client);
      await harness.until(() => attaches().length === clients.length, 'it is bridged');
    }
    const streams = attaches();
    expect(new Set(streams).size).toBe(2);
    worker.say({kind: 'audio', payload: silence(160), mark: ''}, 1, streams[0]);
    await harness.until(() => clients[0]!.got.length === 1, 'the first hears it');
    expect(clients[1]!.got).toEqual([]);
  });
});

test.each(OTHER_PHONES)('an edge that validates refuses the start message of $name', ({hello}) => {
  const start = hello.at(-1);
  expect(readTwilio(JSON.stringify(start))).toMatchObject({ok: false, reason: 'unreadableStart'});
});

describe('the frames of a phone', () => {
  test('follow each other without a gap when they have no timestamps', () => {
    const sizes = fc.array(fc.integer({min: 1, max: 4_000}), {minLength: 1, maxLength: 60});
    fc.assert(
      fc.property(sizes, fc.constantFrom(undefined, '0', 0, -5, 'now', null), (bytes, named) => {
        let sent = 0;
        for (const [place, at] of timesOf(bytes.map(size => media(named, size))).entries()) {
          expect(at).toBe(Math.floor(sent / 8));
          sent += bytes[place] ?? 0;
        }
      }),
    );
  });

  test('keep their timestamps as long as these rise', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({max: 2_000}), {minLength: 1, maxLength: 60}), steps => {
        let clock = 1_000;
        const named = steps.map(step => (clock += step));
        const times = timesOf(named.map(at => media(at)));
        times.forEach((at, place) => {
          if (steps[place] !== 0) expect(at).toBeGreaterThanOrEqual(named[place] ?? 0);
          expect(at).toBeGreaterThan(times[place - 1] ?? -1);
        });
      }),
    );
  });

  test('do not move on the clock for audio of the assistant', () => {
    expect(timesOf([media(undefined), media(undefined, 800, {track: 'outbound'}), media(undefined)])[2]).toBe(20);
  });
});

describe('a client is refused with the name of the wrong field when', () => {
  test.each([
    ['its call is named with blanks', {start: {callSid: 'my call'}}, 'start.callSid: must be 1 to 64 of'],
    ['its call could leave a key of Redis', {start: {callSid: '}:journal'}}, 'start.callSid: must be 1 to 64 of'],
    ['its call has 65 letters', {start: {callSid: 'a'.repeat(65)}}, 'start.callSid: must be 1 to 64 of'],
    ['its stream could leave a message', {streamSid: '","event":"clear'}, 'streamSid: must be 1 to 64 of'],
  ])('%s', (_, start, detail) => {
    const got = read(new AnyPhone(), {event: 'start', ...start});
    expect(got).toMatchObject({ok: false, reason: 'unreadableStart', detail: expect.stringContaining(detail)});
  });
});

test('every id that comes in is safe whatever a client sends, and Twilio itself is read as with validation', () => {
  const anything = fc.oneof(fc.string({unit: 'binary'}), fc.jsonValue(), fc.constant(undefined));
  fc.assert(
    fc.property(anything, anything, anything, fc.jsonValue(), (streamSid, callSid, start, rest) => {
      const got = read(new AnyPhone(), {
        event: 'start',
        streamSid,
        start: {callSid, customParameters: rest},
        more: start,
      });
      if (!got.ok) {
        expect(got.reason).toBe('unreadableStart');
        return;
      }
      const message = got.message as Extract<FromTwilio, {event: 'start'}>;
      expect(message.start.callSid).toMatch(/^[\w-]{1,64}$/);
      expect(message.start.streamSid).toMatch(/^MZ[0-9a-fA-F]{32}$/);
      expect(message.streamSid ?? 'none').toMatch(/^[\w-]{1,64}$/);
    }),
  );
  fc.assert(
    fc.property(fc.string({unit: 'binary'}), text => {
      expect(new AnyPhone().read(text).ok).toBe(false);
    }),
  );
  const [streamSid, callSid] = [newStreamSid(), newCallSid()];
  const reader = new AnyPhone();
  const start = {event: 'start', sequenceNumber: '1', start: {streamSid, callSid, customParameters: {}}, streamSid};
  expect(read(reader, start)).toEqual(readTwilio(JSON.stringify(start)));
  const frame = `{"event":"media","sequenceNumber":"2","media":{"track":"inbound","chunk":"1","timestamp":"155","payload":"${silence(160)}"},"streamSid":"${streamSid}"}`;
  const twilio = new TwilioReader();
  read(twilio, start);
  for (const each of [reader, twilio]) {
    expect(each.readAudio(Buffer.from(frame))).toMatchObject({sequence: 2, timestamp: 155, isOutbound: false});
  }
});
