import {expect, test} from 'vitest';
import {readTwiml} from './read-twiml.ts';
import {signatureOf} from './webhook-client.ts';

test('a phone in the browser reads what the webhook asks of a telephone network', () => {
  const document = `<?xml version="1.0" encoding="UTF-8"?><Response><Say>One &amp; two</Say><Pause length="3"/>
    <Connect action="https://voice.example.com/after-stream?leg=1"><Stream url="wss://voice.example.com/media-stream/ab"/></Connect>
    <Redirect method="POST">https://voice.example.com/after-stream?leg=1&amp;x=2</Redirect></Response>`;
  expect(readTwiml(document)).toEqual([
    {verb: 'say', text: 'One & two'},
    {verb: 'pause', seconds: 3},
    {
      verb: 'connect',
      url: 'wss://voice.example.com/media-stream/ab',
      action: 'https://voice.example.com/after-stream?leg=1',
    },
    {verb: 'redirect', url: 'https://voice.example.com/after-stream?leg=1&x=2'},
  ]);
});

test('what needs a real telephone network is named, and nothing is guessed', () => {
  expect(readTwiml('<Response><Dial><Number>+4722334455</Number></Dial><Hangup/></Response>')).toEqual([
    {verb: 'other', name: 'Dial'},
    {verb: 'hangUp'},
  ]);
  expect(readTwiml('<Response/>')).toEqual([]);
  for (const nonsense of ['<html><body>502</body></html>', '', 'busy'])
    expect(() => readTwiml(nonsense), nonsense).toThrow('not TwiML');
});

// From Twilio's documentation, "Validating requests".
test('a call of the browser is signed as Twilio signs one', () => {
  const form = {
    CallSid: 'CA1234567890ABCDE',
    Caller: '+14158675310',
    Digits: '1234',
    From: '+14158675310',
    To: '+18005551212',
  };
  expect(signatureOf('12345', 'https://example.com/myapp.php?foo=1&bar=2', form)).toBe('L/OH5YylLD5NRKLltdqwSvS0BnU=');
});
