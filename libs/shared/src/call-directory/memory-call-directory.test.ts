import {randomBytes} from 'node:crypto';
import {expect, test} from 'vitest';
import {CallSid, Ticket} from '../protocol/ids.ts';
import {FakeClock} from '../testing/fake-clock.ts';
import {describeCallDirectory} from './call-directory.contract.ts';
import {MemoryCallDirectory} from './memory-call-directory.ts';

describeCallDirectory('in memory', () => new MemoryCallDirectory(new FakeClock()));

test('an unused ticket expires after a minute', async () => {
  const clock = new FakeClock();
  const directory = new MemoryCallDirectory(clock);
  const ticket = Ticket.parse(randomBytes(16).toString('hex'));
  await directory.putTicket(ticket, {callSid: CallSid.parse(`CA${'0'.repeat(32)}`), epoch: 1});
  clock.advance(60_000);
  expect(await directory.takeTicket(ticket)).toBeUndefined();
});
