import {expect, test} from 'vitest';
import {readClip} from '../../audio/clips.ts';
import {UNUSUAL_CALLERS} from './call/call-facts.ts';
import {callMetrics} from './report/call-metrics.ts';
import type {FakeCallEvent} from './report/call-report.ts';
import {callWav} from './report/call-wav.ts';
import {conversation} from './call/caller-conversation.ts';
import {type CallerScript, type FakeCall, type FakeTwilioOptions, startFakeTwilio} from './fake-twilio.ts';
import {readFrameTag} from './phone/frame-tag.ts';
import {
  AUTH_TOKEN,
  MockBridge,
  type MockBridgeBehaviour,
  type SeenMessage,
  parseMessage,
  respond,
} from './testing/mock-bridge.ts';

const hangUp: CallerScript = [{do: 'hangUp'}];
const stay: CallerScript = [];

async function setUp(behaviour: MockBridgeBehaviour = {}, options: Partial<FakeTwilioOptions> = {}) {
  const bridge = await MockBridge.start(behaviour);
  const twilio = await startFakeTwilio({webhookUrl: bridge.url('/voice'), authToken: AUTH_TOKEN, seed: 1, ...options});
  return {
    bridge,
    twilio,
    async [Symbol.asyncDispose]() {
      await twilio[Symbol.asyncDispose]();
      await bridge[Symbol.asyncDispose]();
    },
  };
}

/** Resolves at the first event of this type, and of this many. */
function nth<Type extends FakeCallEvent['type']>(call: FakeCall, type: Type, count = 1) {
  const seen = Promise.withResolvers<Extract<FakeCallEvent, {type: Type}>>();
  let left = count;
  call.on(event => {
    if (event.type === type && --left === 0) seen.resolve(event as Extract<FakeCallEvent, {type: Type}>);
  });
  return seen.promise;
}

const audioOf = (media: SeenMessage['media']) => Buffer.from(media?.payload ?? '', 'base64');
const messagesOf = (texts: readonly string[]): SeenMessage[] => texts.map(text => parseMessage(text));
const afterOnce = (twiml: string): MockBridgeBehaviour['twiml'] => {
  let left = 1;
  return ({path}, bridge) => {
    if (path !== '/after-stream') return undefined;
    return left-- > 0 ? twiml || bridge.connect() : respond('<Hangup/>');
  };
};

test('a call: signed webhook, exact upgrade, connected, start, media, and stop when the caller hangs up', async () => {
  await using world = await setUp({
    twiml: ({path}, bridge) =>
      path === '/voice' ? bridge.connect({parameters: '<Parameter name="k" value="v"/>'}) : undefined,
  });
  const call = world.twilio.dial([
    {do: 'say', clip: 'caller-short-interrupt'},
    {do: 'press', digit: '5'},
    {do: 'hangUp'},
  ]);
  const report = await call.ended;
  const [socket] = world.bridge.sockets;
  expect(await socket!.closed).toBe(1005);

  expect(world.bridge.asked('/voice')).toMatchObject([
    {signed: true, params: {CallSid: call.callSid, CallStatus: 'ringing', Direction: 'inbound', CalledZip: ''}},
  ]);
  expect(socket!.signed).toBe(true);
  expect(Object.keys(socket!.headers).toSorted()).toEqual(
    'accept-encoding connection host sec-websocket-key sec-websocket-version upgrade user-agent x-twilio-signature'.split(
      ' ',
    ),
  );
  expect(socket!.headers['user-agent']).toBe('Twilio.TmeWs/1.0');

  const messages = messagesOf(socket!.texts);
  expect(messages.slice(0, 3).map(({event}) => event)).toEqual(['connected', 'start', 'media']);
  expect(messages[1]).toMatchObject({start: {callSid: call.callSid, customParameters: {k: 'v'}}});
  expect(messages.at(-1)!.event).toBe('stop');
  expect(messages.some(({event}) => event === 'dtmf')).toBe(true);
  expect(messages.slice(1).map(message => message['sequenceNumber'])).toEqual(
    messages.slice(1).map((_, index) => String(index + 1)),
  );

  expect(report).toMatchObject({endedBy: 'caller', violations: [], alerts: [], status: 'completed'});
  expect(report.spoke.map(({clip}) => clip)).toEqual(['caller-short-interrupt']);
  expect(report.streams[0]!.dtmf).toEqual(['5']);
  const received = messages.flatMap(({event, media}) => (event === 'media' ? [media?.payload ?? ''] : []));
  expect(Buffer.concat(received.map(payload => Buffer.from(payload, 'base64')))).toEqual(report.streams[0]!.sentAudio);
  expect(report.streams[0]!.sentAudio.includes(readClip('caller-short-interrupt'))).toBe(true);
  expect(world.bridge.asked('/after-stream')).toMatchObject([{params: {CallStatus: 'completed'}, signed: true}]);
  expect(world.bridge.asked('/stream-status').map(({params}) => params['StreamEvent'])).toEqual([
    'stream-started',
    'stream-stopped',
  ]);
});

test('what the assistant says is heard in full, and its mark comes back when it was heard', async () => {
  const answer = readClip('assistant-sorry').subarray(0, 1_601);
  await using world = await setUp({
    onMessage: ({event}, seen) => {
      if (event === 'start') {
        seen.say(answer.subarray(0, 900));
        seen.say(answer.subarray(900));
        seen.mark('end');
      }
      if (event === 'mark') seen.socket.close(1000);
    },
  });
  const report = await world.twilio.dial(stay).ended;
  const stream = report.streams[0]!;
  expect(stream.played).toEqual(answer);
  expect(stream.segments).toHaveLength(1);
  const [mark] = stream.marks;
  expect(mark).toMatchObject({name: 'end', flushed: false});
  expect(mark!.idealAt - stream.segments[0]!.at).toBeCloseTo(1_601 / 8, 3);
  expect(mark!.echoedAt).toBeGreaterThanOrEqual(mark!.idealAt);
  expect(stream).toMatchObject({endedBy: 'platform', closeCode: 1000});
  expect(report.firstAudioMs).toBeGreaterThanOrEqual(0);
  expect(messagesOf(world.bridge.sockets[0]!.texts).some(({event}) => event === 'stop')).toBe(false);
  expect(report).toMatchObject({endedBy: 'platform', violations: []});
  expect(world.bridge.asked('/after-stream')).toMatchObject([{params: {CallStatus: 'in-progress'}}]);
  const right = Buffer.from(
    callWav(report)
      .subarray(44)
      .filter((_, index) => index % 2 === 1),
  );
  expect(right.includes(answer)).toBe(true);
});

test('a caller who interrupts hears silence when the clear arrives, and the flushed marks come back', async () => {
  let clears = 0;
  await using world = await setUp({
    onMessage: ({event, media}, seen) => {
      if (event === 'start') {
        seen.say(readClip('assistant-long-story'));
        seen.mark('never heard');
      }
      const loud = event === 'media' && audioOf(media).some(byte => byte !== 0xff && byte !== 0x7f);
      if (loud && clears++ === 0) seen.send({event: 'clear', streamSid: seen.streamSid});
    },
  });
  const report = await world.twilio.dial([
    {do: 'interruptAfter', ms: 200, clip: 'caller-short-interrupt'},
    {do: 'hangUp'},
  ]).ended;
  const stream = report.streams[0]!;
  expect(stream.marks).toMatchObject([{name: 'never heard', flushed: true}]);
  expect(stream.clears[0]!.discardedBytes + stream.playedBytes).toBe(stream.receivedBytes);
  expect(stream.played).toEqual(readClip('assistant-long-story').subarray(0, stream.playedBytes));
  const [interruption] = callMetrics(report).interruptions;
  expect(interruption).toMatchObject({clip: 'caller-short-interrupt'});
  expect(interruption!.silentAfterMs).toBeLessThan(900); // without the clear, the story lasts 15 s
});

test('a call may get its marks late, and only some of them', async () => {
  let back = 0;
  await using world = await setUp({
    onMessage: ({event}, seen) => {
      if (event === 'start') for (const name of ['1', '2', '3', '4']) seen.mark(name);
      if (event === 'mark' && (back += 1) === 2) seen.socket.close(1000);
    },
  });
  const report = await world.twilio.dial(stay, {marks: {late: {from: 80, to: 80}, oneOf: 2}}).ended;
  const stream = report.streams[0]!;
  expect(stream.marks.map(({name}) => name)).toEqual(['2', '4']);
  for (const {idealAt, echoedAt} of stream.marks) expect(echoedAt - idealAt).toBeGreaterThanOrEqual(80);
});

test('the network delays both directions and keeps the order', async () => {
  await using world = await setUp(
    {
      onMessage: ({event}, seen) => {
        if (event === 'start') for (let mark = 0; mark < 50; mark += 1) seen.mark(String(mark));
        if (event === 'mark' && messagesOf(seen.texts).filter(message => message.event === 'mark').length === 50)
          seen.socket.close(1000);
      },
    },
    {network: {delay: 30, jitter: 25}},
  );
  const report = await world.twilio.dial(stay).ended;
  const stream = report.streams[0]!;
  expect(stream.marks.map(({name}) => Number(name))).toEqual(Array.from({length: 50}, (_, mark) => mark));
  expect(stream.marks[0]!.echoedAt - stream.openedAt!).toBeGreaterThanOrEqual(10);
  const sequence = messagesOf(world.bridge.sockets[0]!.texts).slice(1);
  expect(sequence.map(message => message['sequenceNumber'])).toEqual(sequence.map((_, index) => String(index + 1)));
});

test.each([
  ['an extra field', '{"event":"clear","streamSid":"SID","extra":1}', 31951],
  ['a wrong streamSid', '{"event":"clear","streamSid":"MZ0"}', 31951],
  ['no JSON', 'clear', 31951],
  ['a binary message', Buffer.from('clear'), 31950],
])('%s is a violation, reported once, and the stream goes on', async (_, bad, code) => {
  await using world = await setUp({
    onMessage: ({event}, seen) => {
      if (event === 'mark') seen.socket.close(1000);
      if (event !== 'start') return;
      for (let time = 0; time < 3; time += 1)
        seen.socket.send(typeof bad === 'string' ? bad.replace('SID', seen.streamSid) : bad);
      seen.mark('still here');
    },
  });
  const report = await world.twilio.dial(stay).ended;
  expect(report.violations).toMatchObject([{code, count: 3}]);
  expect(report.streams[0]!.marks).toHaveLength(1);
  expect(report.endedBy).toBe('platform');
});

test('without strictness, mistakes are alerts and no violations', async () => {
  await using world = await setUp(
    {
      onMessage: ({event}, seen) => {
        if (event === 'start') seen.socket.send('{}');
        if (event === 'start') seen.socket.close(1000);
      },
    },
    {strict: false},
  );
  expect(await world.twilio.dial(stay).ended).toMatchObject({violations: [], alerts: [{code: 31951}]});
});

test('a server that breaks the WebSocket protocol loses the stream with 31924', async () => {
  await using world = await setUp({
    // The opcode 0x3 does not exist.
    onMessage: ({event}, {socket}) => event === 'start' && rawSocket(socket).write(Buffer.from([0x83, 0x00])),
  });
  const report = await world.twilio.dial(stay).ended;
  expect(report.streams[0]).toMatchObject({error: 31924});
  expect(report.violations).toMatchObject([{code: 31924}]);
});

test('a call whose edge dies goes on with a new stream of the same call', async () => {
  await using world = await setUp({
    twiml: afterOnce(''),
    onMessage: ({event}, seen) => {
      if (event !== 'start') return;
      if (world.bridge.sockets.length === 1) {
        seen.say(readClip('assistant-greeting'));
        seen.mark('lost');
      } else {
        seen.say(Buffer.alloc(400, 1));
        seen.mark('again');
      }
    },
  });
  const call = world.twilio.dial(stay);
  await nth(call, 'audible');
  call.cutSocket();
  await nth(call, 'markEchoed');
  call.hangUp();
  const report = await call.ended;
  expect(report.streams.map(({error}) => error)).toEqual([31903, undefined]);
  const [first, second] = world.bridge.sockets;
  expect(await first!.closed).toBe(1006);
  expect(second!.streamSid).not.toBe(first!.streamSid);
  const [start, media] = messagesOf(second!.texts).slice(1, 3);
  expect(start).toMatchObject({sequenceNumber: '1', start: {callSid: call.callSid}});
  expect(media).toMatchObject({sequenceNumber: '2', media: {chunk: '1'}});
  expect(report.streams[0]!.marks).toEqual([]);
  expect(report.streams[1]!.marks).toMatchObject([{name: 'again'}]);
  expect(report.gaps).toHaveLength(1);
  expect(report.gaps[0]!.ms).toBeGreaterThan(0);
  expect(report.violations).toEqual([]);
  expect(world.bridge.asked('/stream-status').map(({params}) => params['StreamEvent'])).toContain('stream-error');
});

test('a call whose edge dies is lost if nothing follows the stream', async () => {
  await using world = await setUp({
    twiml: (_, bridge) => bridge.connect({action: ''}),
    onMessage: ({event}, {socket}) => event === 'start' && socket.terminate(),
  });
  expect(await world.twilio.dial(stay).ended).toMatchObject({
    endedBy: 'twilio',
    reason: expect.stringContaining('31903'),
    streams: [{endedBy: 'network', closeCode: 1006}],
  });
});

test('after a dead socket the action waits as long as Twilio does, and the verb after Connect serves too', async () => {
  await using world = await setUp(
    {
      twiml: ({path}, bridge) =>
        path === '/voice' ? bridge.connect({action: '', tail: '<Redirect>/again</Redirect>'}) : undefined,
      onMessage: ({event}, {socket}) => event === 'start' && socket.terminate(),
    },
    {actionDelay: 150},
  );
  const report = await world.twilio.dial(stay).ended;
  const asked = report.webhooks.find(({purpose}) => purpose === 'redirect')!;
  expect(asked.at - report.streams[0]!.closedAt!).toBeGreaterThan(149); // a timer may run a fraction early
  expect(report.endedBy).toBe('platform');
});

test('a half-open stream: Twilio goes on elsewhere at once, the old socket stays open and silent', async () => {
  await using world = await setUp({twiml: afterOnce('')}, {halfOpenFor: 300});
  const call = world.twilio.dial(stay);
  await nth(call, 'streamOpened');
  call.halfOpen();
  await nth(call, 'streamOpened');
  const old = world.bridge.sockets[0]!;
  expect(old.socket.readyState).toBe(old.socket.OPEN);
  const silentFrom = old.texts.length;
  expect(await old.closed).toBe(1006);
  expect(old.texts.length).toBe(silentFrom);
  call.hangUp();
  expect((await call.ended).streams).toMatchObject([{error: 31903}, {endedBy: 'caller'}]);
});

test('closing with another code than 1000 is told as an error, and the call goes on', async () => {
  await using world = await setUp({onMessage: ({event}, {socket}) => event === 'start' && socket.close(1011, 'oops')});
  const report = await world.twilio.dial(stay).ended;
  expect(report).toMatchObject({
    endedBy: 'platform',
    reason: 'no more instructions',
    streams: [{closeCode: 1011, error: 31921}],
  });
  expect(
    world.bridge.asked('/stream-status').map(({params}) => [params['StreamEvent'], params['StreamError']]),
  ).toEqual([
    ['stream-started', undefined],
    ['stream-error', 'Stream signal error, code: 31921'],
    ['stream-stopped', undefined],
  ]);
});

test.each([
  [31920, {onUpgrade: (_, socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n')}],
  [31920, {selectProtocol: 'audio.twilio.com'}],
  [31901, {onUpgrade: () => {}}],
  [31920, {twiml: (_, bridge) => bridge.connect().replace('/media"', '/media?a=b"')}],
  [31902, {twiml: (_, bridge) => bridge.connect().replace(/ws:[^"]*/, 'ws://127.0.0.1:1/media')}],
  [31904, {twiml: (_, bridge) => bridge.connect().replace(/ws:[^"]*/, 'wss://nowhere.invalid/media')}],
  [31941, {twiml: (_, bridge) => bridge.connect().replace('<Stream', '<Stream track="outbound_track"')}],
] as [number, MockBridgeBehaviour][])(
  'a stream that cannot be opened is told as %i, and the action is asked',
  async (code, behaviour) => {
    const withEnd: MockBridgeBehaviour = {
      ...behaviour,
      twiml: (request, bridge) => (request.path === '/voice' ? behaviour.twiml?.(request, bridge) : undefined),
    };
    await using world = await setUp(withEnd, {upgradeTimeout: 100});
    const report = await world.twilio.dial(stay).ended;
    expect(report.alerts).toMatchObject([{code}]);
    expect(report.endedBy).toBe('platform');
    expect(world.bridge.asked('/after-stream')).toHaveLength(1);
    expect(world.bridge.asked('/stream-status').map(({params}) => params['StreamEvent'])).toEqual(['stream-error']);
  },
);

test.each([
  [11200, {status: 500}],
  [12300, {status: 200, headers: {'Content-Type': 'text/plain'}, body: respond('')}],
  [12300, {status: 200, headers: {}, body: respond('')}],
  [12100, ` ${respond('')}`],
  [12100, '<Response><Say>oops</Response>'],
])('a webhook that fails with %i is replaced by the fallback', async (code, reply) => {
  await using bridge = await MockBridge.start({
    twiml: ({path}) => (path === '/voice' ? reply : respond('<Say>Sorry</Say><Hangup/>')),
  });
  await using twilio = await startFakeTwilio({
    webhookUrl: bridge.url('/voice'),
    fallbackUrl: bridge.url('/fallback'),
    authToken: AUTH_TOKEN,
  });
  const report = await twilio.dial(stay).ended;
  expect(bridge.asked('/fallback')).toMatchObject([
    {signed: true, params: {ErrorCode: String(code), ErrorUrl: bridge.url('/voice')}},
  ]);
  expect(report).toMatchObject({endedBy: 'platform', saidByTwilio: ['Sorry'], alerts: [{code}]});
});

test('without a fallback the caller hears an application error', async () => {
  await using world = await setUp({twiml: () => ({status: 404})});
  expect(await world.twilio.dial(stay).ended).toMatchObject({
    endedBy: 'twilio',
    status: 'failed',
    saidByTwilio: [expect.stringContaining('application error')],
  });
});

test('verbs are obeyed in order, until nothing follows', async () => {
  const documents: Record<string, string> = {
    '/voice':
      '<Say>Hello</Say><Pause length="0"/><Play>/tune.mp3</Play><Dial action="dialled"><Number>+15550100003</Number></Dial><Say>never</Say>',
    '/dialled': '<Redirect>queue</Redirect>',
    '/queue': '<Enqueue>support</Enqueue><Say>Goodbye</Say>',
  };
  await using world = await setUp(
    {twiml: ({path}) => respond(documents[path] ?? '')},
    {statusCallbackUrl: 'http://127.0.0.1:1/'},
  );
  const report = await world.twilio.dial(stay).ended;
  expect(report.saidByTwilio).toEqual(['Hello', 'Goodbye']);
  expect(report.handedTo).toEqual(['Play: /tune.mp3', 'Dial: Number: +15550100003', 'Enqueue: support']);
  expect(report.documents.map(({verbs}) => verbs.join(' '))).toEqual([
    'Say Pause Play Dial Say',
    'Redirect',
    'Enqueue Say',
  ]);
  expect(world.bridge.asked('/dialled')).toMatchObject([{params: {DialCallStatus: 'completed'}}]);
  expect(report).toMatchObject({endedBy: 'platform', reason: 'no more instructions', alerts: [{code: 11205}]});
});

test('a refused caller was never answered', async () => {
  await using world = await setUp({twiml: () => respond('<Reject reason="busy"/>')});
  expect(await world.twilio.dial(hangUp).ended).toMatchObject({status: 'busy', reason: 'Reject: busy'});
});

test('a finished call is told with its duration', async () => {
  await using bridge = await MockBridge.start();
  await using twilio = await startFakeTwilio({
    webhookUrl: bridge.url('/voice'),
    statusCallbackUrl: bridge.url('/status'),
    authToken: AUTH_TOKEN,
  });
  await twilio.dial(hangUp).ended;
  expect(bridge.asked('/status')).toMatchObject([
    {signed: true, params: {CallStatus: 'completed', CallDuration: '1', CallbackSource: 'call-progress-events'}},
  ]);
});

test('a webhook may be delivered twice, with the same token, and with GET', async () => {
  await using world = await setUp();
  await world.twilio.dial(hangUp, {duplicateWebhook: true, extraParams: {Invented: 'yes'}, webhookMethod: 'GET'}).ended;
  const asked = world.bridge.asked('/voice');
  expect(asked).toHaveLength(2);
  expect(asked).toMatchObject(
    Array.from({length: 2}, () => ({method: 'GET', signed: true, params: {Invented: 'yes'}})),
  );
  expect(new Set(asked.map(({headers}) => headers['i-twilio-idempotency-token'])).size).toBe(1);
  expect(new Set(asked.map(({params}) => params['CallSid'])).size).toBe(1);
});

test('signatures can be forged, on the webhook or on the upgrade', async () => {
  await using world = await setUp();
  await world.twilio.dial(hangUp, {badSignature: 'upgrade'}).ended;
  expect(world.bridge.asked('/voice')[0]!.signed).toBe(true);
  expect(world.bridge.sockets[0]!.signed).toBe(false);
  await world.twilio.dial(hangUp, {badSignature: 'webhook'}).ended;
  expect(world.bridge.asked('/voice')[1]!.signed).toBe(false);
  expect(world.bridge.sockets[1]!.signed).toBe(true);
});

test('every frame of a tagged caller arrives once and in order, across two streams', async () => {
  const tags: number[] = [];
  await using world = await setUp({
    twiml: afterOnce(''),
    onMessage: ({event, media}) => {
      const frame = event === 'media' && readFrameTag(audioOf(media));
      if (frame && frame.tag === 7) tags.push(frame.frame);
    },
  });
  const call = world.twilio.dial(
    [{do: 'say', clip: 'caller-short-interrupt'}, {do: 'pause', ms: 200}, {do: 'hangUp'}],
    {tag: 7},
  );
  await nth(call, 'callerSpeaks');
  call.cutSocket();
  const report = await call.ended;
  expect(tags).toEqual(tags.toSorted((a, b) => a - b));
  expect(new Set(tags).size).toBe(tags.length);
  const sent = report.streams.flatMap(({sentAudio}) =>
    Array.from({length: sentAudio.length / 160}, (_, index) => readFrameTag(sentAudio, index * 160)!.frame),
  );
  expect(sent).toEqual(expect.arrayContaining(tags));
});

test('silence may be left out, frames may have any size, and a stalled network delivers a burst', async () => {
  await using world = await setUp();
  const script: CallerScript = [
    {do: 'pause', ms: 200},
    {do: 'stall', ms: 200},
    {do: 'say', audio: Buffer.alloc(160 * 20, 1), name: 'tone'},
    {do: 'pause', ms: 100},
    {do: 'hangUp'},
  ];
  const dtx = await world.twilio.dial(script, {dtx: true}).ended;
  const numbers = messagesOf(world.bridge.sockets[0]!.texts).flatMap(({event, media}) =>
    event === 'media' && media ? [media] : [],
  );
  expect(numbers.map(({chunk}) => Number(chunk))).toEqual(numbers.map((_, index) => index + 1));
  expect(numbers.length).toBeLessThan(40);
  expect(Number(numbers[0]!.timestamp)).toBeGreaterThan(200);
  expect(dtx.streams[0]!.sentAudio.includes(Buffer.alloc(160 * 20, 1))).toBe(true);

  const odd = await world.twilio.dial(script, {oddFrames: true}).ended;
  expect(odd.streams[0]!.sentAudio.includes(Buffer.alloc(160 * 20, 1))).toBe(true);
  expect(odd.streams[0]!.sentBytes % 160 === 0 && odd.streams[0]!.sentFrames * 160 === odd.streams[0]!.sentBytes).toBe(
    false,
  );
});

test('a muted phone sends nothing, and is still on the line', async () => {
  await using world = await setUp();
  const report = await world.twilio.dial([{do: 'mute'}, {do: 'pause', ms: 300}, {do: 'hangUp'}]).ended;
  expect(report.streams[0]!.sentFrames).toBeLessThan(3);
  expect(report.endedBy).toBe('caller');
});

test.for(['goOn', 'stand'] as const)(
  'frames may stop in the middle of a word, and the timestamps %s meanwhile',
  async timestamps => {
    await using world = await setUp();
    const said = Buffer.from(Array.from({length: 160 * 30}, (_, at) => 1 + Math.floor(at / 160)));
    const report = await world.twilio.dial([
      {do: 'lose', after: 200, ms: 300, timestamps},
      {do: 'say', audio: said, name: 'numbered frames'},
      {do: 'hangUp'},
    ]).ended;
    const media = messagesOf(world.bridge.sockets[0]!.texts).flatMap(each => each.media ?? []);
    const heard = media.map(each => ({number: audioOf(each)[0]!, at: Number(each.timestamp)}));
    const spoken = heard.filter(({number}) => number <= 30);
    // Frames are lost by when they were due: a busy machine, which sends them late, loses as many.
    const lost = 30 - spoken.length;
    expect(lost).toBe(15);
    expect(Buffer.concat(media.map(audioOf))).toEqual(report.streams[0]!.sentAudio);
    const steps = heard.slice(1).map(({at}, index) => at - heard[index]!.at);
    const [longest] = steps.toSorted((a, b) => b - a);
    expect(longest).toBe(timestamps === 'goOn' ? 20 * (lost + 1) : 20);
  },
);

test('a second socket of the same call lives beside the first, and the call lasts as long as either', async () => {
  await using world = await setUp({
    onMessage: ({event}, seen) => {
      if (event === 'start' && world.bridge.sockets.length === 2) {
        world.bridge.sockets[0]!.socket.close(1000);
        seen.say(Buffer.alloc(800, 1));
        seen.mark('newest wins');
      }
      if (event === 'mark') seen.socket.close(1000);
    },
  });
  const report = await world.twilio.dial(stay, {secondSocketAfter: 50}).ended;
  expect(report.streams).toMatchObject([
    {playedBytes: 0, closeCode: 1000},
    {playedBytes: 800, closeCode: 1000},
  ]);
  expect(new Set(report.streams.map(({streamSid}) => streamSid)).size).toBe(2);
  expect(new Set(report.streams.map(({callSid}) => callSid)).size).toBe(1);
});

test.each([true, false])('pings are answered unless told otherwise (%s)', async answerPings => {
  let pongs = 0;
  await using world = await setUp({
    onMessage: ({event}, seen) => {
      if (event === 'start') {
        seen.socket.on('pong', () => (pongs += 1));
        seen.socket.ping();
        seen.mark('after the ping');
      }
      if (event === 'mark') seen.socket.close(1000);
    },
  });
  const call = world.twilio.dial(stay, {answerPings});
  await call.ended;
  expect(pongs).toBe(answerPings ? 1 : 0);
});

test('the end of a stream may be told in any order', async () => {
  const order = async (endOrder: FakeTwilioOptions['endOrder'] & {}) => {
    await using world = await setUp(
      {onMessage: ({event}, {socket}) => event === 'start' && socket.terminate()},
      {endOrder},
    );
    await world.twilio.dial(stay).ended;
    return world.bridge.requests
      .filter(({params, path}) => path === '/after-stream' || params['StreamEvent'] === 'stream-error')
      .map(({path}) => path);
  };
  expect(await order(['close', 'status', 'action'])).toEqual(['/stream-status', '/after-stream']);
  expect(await order(['action', 'status', 'close'])).toEqual(['/after-stream', '/stream-status']);
});

test('after a hang-up the socket may close last', async () => {
  const log: string[] = [];
  await using world = await setUp(
    {twiml: ({path, params}) => (log.push(params['StreamEvent'] ?? path), undefined)},
    {endOrder: ['action', 'status', 'close']},
  );
  const call = world.twilio.dial(stay, {closeCode: 1000});
  await nth(call, 'streamOpened');
  void world.bridge.sockets[0]?.closed.then(code => log.push(`closed ${code}`));
  call.hangUp();
  await call.ended;
  await world.bridge.sockets[0]!.closed;
  expect(log.filter(entry => entry !== 'stream-started')).toEqual([
    '/voice',
    '/after-stream',
    'stream-stopped',
    'closed 1000',
  ]);
});

test('fifty callers at once each get their own stream, on time', async () => {
  await using world = await setUp({
    onMessage: ({event}, seen) => {
      if (event === 'start') {
        seen.say(Buffer.alloc(2_400, 1));
        seen.mark('end');
      }
      if (event === 'mark') seen.socket.close(1000);
    },
  });
  const reports = await Promise.all(Array.from({length: 50}, () => world.twilio.dial(stay, {keepAudio: false}).ended));
  expect(reports.every(({streams, violations}) => streams[0]!.playedBytes === 2_400 && violations.length === 0)).toBe(
    true,
  );
  expect(reports.every(({streams}) => streams[0]!.played.length === 0)).toBe(true);
  expect(world.twilio.calls).toHaveLength(50);
});

test('a simulator that stops lets go of its calls without a word', async () => {
  const world = await setUp();
  const call = world.twilio.dial(stay);
  await nth(call, 'streamOpened');
  await world.twilio[Symbol.asyncDispose]();
  expect(await call.ended).toMatchObject({endedBy: 'twilio', reason: 'the simulator was stopped'});
  expect(world.bridge.asked('/after-stream')).toEqual([]);
  await world.bridge[Symbol.asyncDispose]();
});

function rawSocket(socket: unknown): {write(bytes: Buffer): boolean} {
  return (socket as {_socket: {write(bytes: Buffer): boolean}})._socket;
}

test('a client with ids of its own, and a caller by SIP who speaks first, are told as they are', async () => {
  await using world = await setUp(
    {
      twiml: ({path}, bridge) => (path === '/voice' ? bridge.connect() : undefined),
      onMessage: ({event}, seen) => event === 'media' && seen.say(Buffer.alloc(80, 1)),
    },
    {ids: 'own'},
  );
  const from = UNUSUAL_CALLERS.numberBySip;
  const call = world.twilio.dial([...conversation({interrupt: false, rounds: 0, speaksFirst: true})], {from});
  await Promise.all([nth(call, 'audible'), nth(call, 'callerSpeaks')]);
  call.hangUp();
  const report = await call.ended;
  expect(report).toMatchObject({endedBy: 'caller', violations: []});
  expect(report.spoke[0]?.clip).toBe('caller-hello');
  const {params} = world.bridge.asked('/voice')[0]!;
  expect(params).toMatchObject({From: from, Caller: from, FromCity: '', CallerCountry: '', ToCountry: 'US'});
  expect(params['CallSid']).toMatch(/^test_call-[0-9a-f]{8}$/);
  expect(params['AccountSid']).toMatch(/^test_account-[0-9a-f]{8}$/);
  const start = messagesOf(world.bridge.sockets[0]!.texts)[1];
  expect(start).toMatchObject({streamSid: expect.stringMatching(/^test_stream-[0-9a-f]{8}$/)});
});
