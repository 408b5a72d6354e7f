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

  test('by SIGSTOP is not disturbed when it wakes: its model is given nothing more, and it can take calls again', async ({
    expect,
  }) => {
    await using fleet = await ProcessFleet.start({edges: 1, workers: 2});
    let isOver = false;
    const call = fleet.twilio.dial([
      {do: 'waitForSilence', ms: 300},
      {do: 'say', clip: 'caller-opening-hours'},
      {do: 'waitForSilence', ms: 1_000},
      {do: 'say', clip: 'caller-yes'},
      {do: 'until', until: () => isOver},
      {do: 'hangUp'},
    ]);
    await haveSpoken([call]);
    const [owner] = await fleet.busyWorkers();
    const other = fleet.workers.find(worker => worker !== owner);
    process.kill(owner!.pid, 'SIGSTOP');
    await other!.line('call taken');
    // What the caller says before the edge finds the next owner waits in the sockets of the frozen one.
    await haveSpoken([call]);
    const [before] = await fleet.sessions();
    process.kill(owner!.pid, 'SIGCONT');
    await owner!.line('call let go');
    isOver = true;
    const report = await call.ended;
    const sessions = await fleet.sessions();
    expect(sessions).toHaveLength(2);
    expect(sessions[0]).toMatchObject({heard: {bytes: before!.heard.bytes}, closeCode: 1000});
    expect(sessions[0]?.responses).toHaveLength(before!.responses.length);
    expect([report.violations, report.endedBy, report.streams.length]).toEqual([[], 'caller', 1]);
    expect(owner!.lines.filter(({text}) => text.includes('did not run for a while'))).toHaveLength(1);
    expect((await fetch(new URL('/readyz', owner!.url))).status).toBe(200);
  });
});
