import {expect, test} from 'vitest';
import {streamAddress} from './stream-noun.ts';
import {readTwiml} from './twiml.ts';

const problems = (xml: string) => readTwiml(xml).problems.map(({code}) => code);
const inResponse = (verbs: string) => `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;

test('a document for a streamed call is read with all it says', () => {
  const {verbs, problems} = readTwiml(
    inResponse(
      '<Say voice="alice">Please wait &amp; it&#39;s worth it</Say><Pause length="2"/>' +
        '<Connect action="/after?a=1&amp;b=2"><Stream url="wss://edge.example.com/media/t" statusCallback="https://h/s">' +
        '<Parameter name="k" value="v &lt;1&gt;"/></Stream></Connect><Redirect method="GET">/again</Redirect>',
    ),
  );
  expect(problems).toEqual([]);
  expect(verbs).toEqual([
    {verb: 'Say', text: "Please wait & it's worth it", loop: 1},
    {verb: 'Pause', ms: 2_000},
    {
      verb: 'Connect',
      action: '/after?a=1&b=2',
      method: 'POST',
      stream: {
        url: 'wss://edge.example.com/media/t',
        statusCallback: 'https://h/s',
        statusCallbackMethod: 'POST',
        parameters: {k: 'v <1>'},
      },
    },
    {verb: 'Redirect', url: '/again', method: 'GET'},
  ]);
});

test('handing over, hanging up and refusing are read', () => {
  expect(readTwiml(inResponse('<Reject reason="busy"/>')).verbs).toMatchObject([{verb: 'Reject', reason: 'busy'}]);
  expect(
    readTwiml(inResponse('<Dial>+15550100003</Dial><Enqueue action="/q">support</Enqueue><Play>/a.mp3</Play><Hangup/>'))
      .verbs,
  ).toMatchObject([
    {verb: 'Dial', targets: ['Number: +15550100003'], method: 'POST'},
    {verb: 'Enqueue', queue: 'support', action: '/q', method: 'POST'},
    {verb: 'Play', url: '/a.mp3'},
    {verb: 'Hangup'},
  ]);
  expect(readTwiml(inResponse('<Dial action="/d"><Sip>sip:a@b</Sip><Number>+1</Number></Dial>')).verbs).toMatchObject([
    {verb: 'Dial', targets: ['Sip: sip:a@b', 'Number: +1'], action: '/d', method: 'POST'},
  ]);
});

test.each([
  ['a blank before the declaration', ` ${inResponse('')}`],
  ['an empty body', ''],
  ['text instead of XML', 'ok'],
  ['a root of another name', '<response/>'],
  ['two roots', '<Response/><Response/>'],
  ['a bare ampersand', inResponse('<Say>you & me</Say>')],
  ['an unknown entity', inResponse('<Say>a&nbsp;b</Say>')],
  ['an unclosed verb', '<Response><Say>hello</Response>'],
  ['a document of 70 kB', inResponse(`<Say>${'a'.repeat(70_000)}</Say>`)],
])('%s ends in error 12100', (_, xml) => {
  expect(readTwiml(xml)).toMatchObject({fatal: true, verbs: [], problems: [{code: 12100}]});
});

test.each([
  ['an unknown verb', '<Shout>hello</Shout>'],
  ['a verb in lower case', '<say>hello</say>'],
  ['an unknown attribute', '<Say speed="fast">hello</Say>'],
  ['text between the verbs', 'hello <Hangup/>'],
  ['a Reject that comes too late', '<Pause/><Reject/>'],
  ['a Connect without a Stream', '<Connect/>'],
  ['a Stream with an undocumented attribute', '<Connect><Stream url="wss://h/p" sampleRate="16000"/></Connect>'],
  ['a Parameter without a value', '<Connect><Stream url="wss://h/p"><Parameter name="a"/></Stream></Connect>'],
  [
    'a Parameter of 500 characters',
    `<Connect><Stream url="wss://h/p"><Parameter name="a" value="${'x'.repeat(499)}"/></Stream></Connect>`,
  ],
  ['a relative status callback', '<Connect><Stream url="wss://h/p" statusCallback="/s"/></Connect>'],
])('%s is a schema warning', (_, verbs) => {
  expect(problems(inResponse(verbs))).toEqual([12200]);
});

test('a Parameter of 499 characters is allowed', () => {
  const value = 'x'.repeat(498);
  expect(
    problems(inResponse(`<Connect><Stream url="wss://h/p"><Parameter name="a" value="${value}"/></Stream></Connect>`)),
  ).toEqual([]);
});

test('any track but the inbound one is refused', () => {
  const [verb] = readTwiml(inResponse('<Connect><Stream url="wss://h/p" track="both_tracks"/></Connect>')).verbs;
  expect(verb).toMatchObject({stream: {refused: {code: 31941}}});
});

const rules = {documentUrl: 'https://hook.example.com/voice/in', allowInsecure: undefined, strict: true};

test.each([
  ['wss://edge.example.com/media', {url: 'wss://edge.example.com/media'}],
  ['wss://edge.example.com:8443/media', {url: 'wss://edge.example.com:8443/media'}],
  ['wss://Edge.example.com/a%20b', {url: 'wss://Edge.example.com/a%20b'}],
  ['wss://edge.example.com', {url: 'wss://edge.example.com/'}],
  ['/media', {url: 'wss://hook.example.com/media'}],
  ['ws://127.0.0.1:5051/media', {url: 'ws://127.0.0.1:5051/media'}],
  ['ws://edge.example.com/media', {code: 31922}],
  ['https://edge.example.com/media', {code: 31922}],
  ['wss://edge.example.com/media?token=1', {code: 31920}],
  ['wss://', {code: 31923}],
  ['', {code: 31923}],
])('the stream url %s becomes %o', (url, expected) => {
  expect(streamAddress(url, rules)).toMatchObject(expected);
});

test('without strictness a query string is only cut off', () => {
  expect(streamAddress('wss://h/media?token=1', {...rules, strict: false})).toEqual({url: 'wss://h/media'});
});

test('ws is refused even on loopback, or allowed everywhere, if one says so', () => {
  expect(streamAddress('ws://127.0.0.1/m', {...rules, allowInsecure: false})).toMatchObject({code: 31922});
  expect(streamAddress('ws://edge/m', {...rules, allowInsecure: true})).toEqual({url: 'ws://edge/m'});
});
