import fc from 'fast-check';
import {expect, test} from 'vitest';
import {jobIdOf} from './analytics-queue.ts';
import type {CallFinished} from './call-record.ts';
import {CallSid} from '../protocol/ids.ts';

test('the queue accepts the record of a call with any id that a client may give it', () => {
  const sid = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), fc.stringMatching(/^-?[0-9]{1,63}$/));
  fc.assert(
    fc.property(sid, fc.nat({max: 3}), (callSid, part) => {
      const id = jobIdOf({part, summary: {callSid: CallSid.parse(callSid)}} as CallFinished);
      // BullMQ allows no whole number and no colon.
      expect(id).not.toMatch(/^-?\d+$|:/);
    }),
  );
});
