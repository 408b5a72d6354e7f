import {afterEach, beforeEach, expect, test} from 'vitest';
import {TestDeployment} from '../testing/test-deployment.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

test('a worker joins the fleet only after it has answered its own request within 300 ms', async () => {
  let slow = 3;
  const publish = deployment.bus.publish.bind(deployment.bus);
  deployment.bus.publish = async (channel, message) => {
    // A machine that is busy with something else: what comes in is read long after it came.
    if (channel.includes(':inbox') && slow-- > 0) return 1;
    return await publish(channel, message);
  };
  const starting = deployment.worker();
  await deployment.pass(800);
  expect(await deployment.fleet.members('workers')).toEqual([]);
  await deployment.pass(300);
  const worker = await starting;
  expect((await deployment.fleet.members('workers')).map(({id}) => id)).toEqual([worker.id]);
  expect([worker.calls, deployment.model.sessions.length]).toEqual([0, 0]);
  expect(await deployment.directory.open()).toEqual([]);
  expect(await deployment.take(worker, 1)).toMatchObject({answer: 'yes'});
});
