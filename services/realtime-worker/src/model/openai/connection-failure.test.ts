import {expect, test} from 'vitest';
import {connectionFailure} from './connection-failure.ts';

test('an operator reads why a connection failed, and neither addresses nor what a server sent', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:443'), {code: 'ECONNREFUSED'});
  expect(connectionFailure(refused)).toBe('the connection failed: ECONNREFUSED');
  expect(connectionFailure(new AggregateError([refused, refused]))).toBe('the connection failed: ECONNREFUSED');
  const frame = Object.assign(new RangeError('Invalid WebSocket frame: invalid opcode 5'), {
    code: 'WS_ERR_INVALID_OPCODE',
  });
  expect(connectionFailure(frame)).toBe('the connection failed: WS_ERR_INVALID_OPCODE');
  const late = new Error('Opening handshake has timed out');
  expect(connectionFailure(late)).toBe('the connection failed: Opening handshake has timed out');
  for (const odd of [new Error('Maria said +4722334455'), Object.assign(new Error('x'), {code: 'Maria +4722334455'})])
    expect(connectionFailure(odd)).toBe('the connection failed');
});
