import {expect, test} from 'vitest';
import {TestEdge} from '../testing/test-edge.ts';

test('the first owner of a caller is told how long ago the stream began', async () => {
  const lab = await TestEdge.start();
  const worker = await lab.worker();
  await lab.bridged(worker);
  const [began] = worker.heard(1);
  expect(began).toMatchObject({kind: 'began', sinceStartMs: expect.any(Number)});
  expect(began).not.toHaveProperty('silentMs');
});

test('the next owner of a caller is told for how long nobody could have heard them', async () => {
  const lab = await TestEdge.start();
  const first = await lab.worker();
  const caller = await lab.bridged(first);
  const second = await lab.worker();
  for (let frames = 0; frames < 50; frames += 1) {
    caller.speak();
    await lab.pass(20);
  }
  const killedAt = lab.clock.now();
  await first.kill();
  await lab.until(() => second.kinds(2).includes('began'), 'the second worker has the call');
  const silentFor = lab.clock.now() - killedAt;
  const [began] = second.heard(2);
  const {silentMs = 0, sinceStartMs = 0} = began?.kind === 'began' ? began : {};
  // A worker that hears a caller confirms it every 80 ms.
  expect(silentMs).toBeGreaterThan(silentFor - 60);
  expect(silentMs).toBeLessThan(silentFor + 120);
  expect(sinceStartMs).toBeGreaterThanOrEqual(1_000);
});

test('each owner of a caller is told of the odd messages of its own time, and the sum is what there was', async () => {
  const lab = await TestEdge.start();
  const first = await lab.worker();
  const caller = await lab.bridged(first);
  const second = await lab.worker();
  caller.socket.send('not json');
  caller.socket.send('nor this');
  await lab.until(() => first.heard().some(each => each.kind === 'counted' && each.malformed === 2), 'told the first');
  await first.kill();
  await lab.until(() => second.kinds(2).includes('began'), 'the second worker has the call');
  caller.socket.send('still not json');
  await lab.until(
    () => second.heard(2).some(each => each.kind === 'counted' && each.malformed === 1),
    'told the second',
  );
  expect(
    second
      .heard(2)
      .filter(each => each.kind === 'counted')
      .map(({malformed}) => malformed),
  ).not.toContain(3);
});
