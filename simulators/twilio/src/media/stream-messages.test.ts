import {expect, test} from 'vitest';
import {StreamMessages} from './stream-messages.ts';

const stream = {
  accountSid: 'AC1',
  callSid: 'CA1',
  streamSid: 'MZ1',
  customParameters: {k: 'v "quoted"'},
};

test('every message has the key order and the types of the wire, and one sequence runs through all', () => {
  const messages = new StreamMessages(stream);
  expect(messages.connected()).toBe('{"event":"connected","protocol":"Call","version":"1.0.0"}');
  expect(messages.start()).toBe(
    '{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1","tracks":["inbound"],' +
      '"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"k":"v \\"quoted\\""}},"streamSid":"MZ1"}',
  );
  expect(messages.media(1, 155, '//8=')).toBe(
    '{"event":"media","sequenceNumber":"2","media":{"track":"inbound","chunk":"1","timestamp":"155","payload":"//8="},"streamSid":"MZ1"}',
  );
  expect(messages.mark('a"b')).toBe('{"event":"mark","sequenceNumber":"3","streamSid":"MZ1","mark":{"name":"a\\"b"}}');
  expect(messages.dtmf('#')).toBe(
    '{"event":"dtmf","streamSid":"MZ1","sequenceNumber":"4","dtmf":{"track":"inbound_track","digit":"#"}}',
  );
  expect(messages.stop()).toBe(
    '{"event":"stop","sequenceNumber":"5","streamSid":"MZ1","stop":{"accountSid":"AC1","callSid":"CA1"}}',
  );
});
