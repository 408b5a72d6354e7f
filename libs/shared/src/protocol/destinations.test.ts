import {describe, expect, test} from 'vitest';
import {callAllow, isAllowed, mayTransfer, transferAllow} from './destinations.ts';

const allowed = transferAllow().parse('+4722334455, +4755*,sip:*@pbx.example.com,sip:ann@example.com,client:ann');

describe('a caller is transferred', () => {
  test.each(['+4722334455', '+4755000000', 'sip:reception@pbx.example.com', 'sip:ann@example.com', 'client:ann'])(
    'to %s, which the operator allows',
    target => expect(isAllowed(target, allowed)).toBe(true),
  );
  test.each([
    '+19005550100',
    '+47223344550',
    '+4755',
    '+4755#1234',
    'sip:@pbx.example.com',
    'sip:a@evil.example.net;x@pbx.example.com',
    'sip:a@pbx.example.com.evil.example.net',
    'sip:a@pbx.example.com?X-Header=1',
    'sips:a@pbx.example.com',
    'client:annabel',
    '',
  ])('never to %s, whatever the model was talked into', target => expect(isAllowed(target, allowed)).toBe(false));
  test('never to a number that costs what its owner wants, unless the pattern names such numbers', () => {
    const wide = transferAllow().parse('+1*,+47*,+4782*');
    expect(isAllowed('+19005550100', wide)).toBe(false);
    expect(isAllowed('+12125550100', wide)).toBe(true);
    expect(isAllowed('+4782012345', wide)).toBe(true);
    expect(isAllowed('+4782012345', transferAllow().parse('+47*'))).toBe(false);
    expect(isAllowed('+19005550100', transferAllow().parse('+19005550100'))).toBe(true);
  });
  test('by an operator to a queue whose name stands there, and by nobody else: no carrier can dial it', () => {
    const queues = transferAllow().parse('queue:support, queue:after hours, +4755*');
    expect(mayTransfer('queue:support', queues)).toBe(true);
    expect(mayTransfer('queue:after hours', queues)).toBe(true);
    expect(mayTransfer('+4755000000', queues)).toBe(true);
    for (const other of ['queue:sales', 'queue:', 'queue: support', 'queue:Support', 'support'])
      expect(mayTransfer(other, queues), other).toBe(false);
    expect(isAllowed('queue:support', queues)).toBe(false);
    expect(callAllow().safeParse('queue:support').success).toBe(false);
  });
  test('nowhere while nothing is allowed', () => {
    expect(isAllowed('+4722334455', transferAllow().parse(undefined))).toBe(false);
  });
});

test.each(['*', '+*', 'sip:*', 'sip:*@*', '22334455', '+47*55', 'client:*', 'queue:', 'queue:*', '+4722334455;+4755*'])(
  'an operator cannot allow %s, which says too much or is no destination',
  text => expect(transferAllow().safeParse(text).success).toBe(false),
);
