import {randomBytes} from 'node:crypto';
import {describe, expect, test} from 'vitest';
import {ProcessId} from '../protocol/ids.ts';
import type {Fleet, Member} from './fleet.ts';

const newId = () => ProcessId.parse(`worker-${randomBytes(6).toString('hex')}`);

export const member = (facts: Partial<Member> = {}): Member => ({
  id: newId(),
  calls: 0,
  capacity: 10,
  state: 'ready',
  lagMs: 0.5,
  startedAt: 1_000,
  ...facts,
});

/** What every implementation of the fleet must do. Other members may be in it at the same time. */
export function describeFleet(name: string, open: () => Fleet): void {
  describe(`the fleet ${name}`, () => {
    test('returns the latest announcement of each member', async () => {
      const fleet = open();
      const edge = member({id: newId(), url: 'wss://edge-1.example.com'});
      await fleet.announce('edges', edge);
      const later: Member = {...edge, calls: 3, state: 'draining'};
      await fleet.announce('edges', later);
      expect((await fleet.members('edges')).filter(({id}) => id === edge.id)).toMatchObject([later]);
      expect((await fleet.members('workers')).filter(({id}) => id === edge.id)).toEqual([]);
    });

    test('says how long a member has not announced itself', async () => {
      const fleet = open();
      const silent = member();
      await fleet.announce('workers', silent);
      const listed = (await fleet.members('workers')).find(({id}) => id === silent.id);
      expect(listed?.silentMs).toBeGreaterThanOrEqual(0);
      expect(listed?.silentMs).toBeLessThan(1_500);
    });

    test('lists the members with the fewest calls first', async () => {
      const fleet = open();
      const members = [9, 0, 11].map(calls => member({calls}));
      for (const each of members) await fleet.announce('workers', each);
      const known = (await fleet.members('workers')).filter(({id}) => members.some(each => each.id === id));
      expect(known.map(({calls}) => calls)).toEqual([0, 9, 11]);
    });

    test('removes a member that leaves', async () => {
      const fleet = open();
      const leaver = member();
      await fleet.announce('workers', leaver);
      await fleet.leave('workers', leaver.id);
      await fleet.leave('workers', leaver.id);
      expect((await fleet.members('workers')).map(({id}) => id)).not.toContain(leaver.id);
    });
  });
}
