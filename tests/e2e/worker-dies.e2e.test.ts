import {describe, test} from 'vitest';
import {haveSpoken} from '../../tools/harness/callers.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';

describe.concurrent('a caller whose worker dies', () => {
  test.for(['SIGKILL', 'SIGSTOP'] as const)(
    'by %s goes on talking with another one, and is not greeted again',
    async (signal, {expect}) => {
      await using fleet = await ProcessFleet.start({edges: 1, workers: 2});
      const call = fleet.twilio.dial([
        {do: 'waitForSilence', ms: 300},
        {do: 'say', clip: 'caller-opening-hours'},
        {do: 'waitForSilence', ms: 3_000},
        {do: 'say', clip: 'caller-yes'},
        {do: 'waitForSilence', ms: 500},
        {do: 'hangUp'},
      ]);
      // The caller has asked, and the answer is on its way.
      await haveSpoken([call]);
      const [owner] = await fleet.busyWorkers();
      process.kill(owner!.pid, signal);
      const report = await call.ended;
      if (signal === 'SIGSTOP') process.kill(owner!.pid, 'SIGCONT');
      expect(report.violations).toEqual([]);
      expect(report.endedBy).toBe('caller');
      expect(report.streams).toHaveLength(1);
      const sessions = await fleet.sessions();
      expect(sessions.map(session => session.refusals)).toEqual(sessions.map(() => []));
      expect(sessions.length).toBe(2);
      const [before, after] = sessions;
      const greetings = (session: typeof before) =>
        session?.responses.filter(({metadata}) => String(metadata?.['tag']).startsWith('greeting')).length;
      // The other session knows what was said, and there is no second greeting.
      expect([greetings(before), greetings(after)]).toEqual([1, 0]);
      expect(after?.items.map(item => item.role)).toEqual(['assistant', 'user', 'assistant', 'user', 'assistant']);
    },
  );
});
