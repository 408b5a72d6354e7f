import fc from 'fast-check';
import {expect, test} from 'vitest';
import {StrangerBudget} from './stranger-budget.ts';

const LIMITS = {atMost: 5, perAddress: 2, proveWithin: 100};

test('a caller gets a place however many strangers there are: the one with the most time goes', () => {
  const budget = new StrangerBudget<string>(LIMITS);
  for (const name of ['a', 'b', 'c', 'd', 'e']) expect(budget.arrived(name, name, 0)).toBeUndefined();
  expect(budget.arrived('caller', 'f', 1)).toBe('a');
  expect(budget.has('caller')).toBe(true);
});

test('one address cannot take the places of others', () => {
  const budget = new StrangerBudget<string>(LIMITS);
  budget.arrived('other', '1.1.1.1', 0);
  const evicted = ['a', 'b', 'c', 'd', 'e', 'f'].map(name => budget.arrived(name, '6.6.6.6', 1));
  expect(evicted).toEqual([undefined, undefined, 'a', 'b', 'c', 'd']);
  expect(budget.has('other')).toBe(true);
});

test('whoever proved who they are is neither evicted nor late', () => {
  const budget = new StrangerBudget<string>(LIMITS);
  budget.arrived('caller', '1.1.1.1', 0);
  budget.arrived('stranger', '6.6.6.6', 0);
  budget.left('caller');
  expect(budget.overdue(99)).toEqual([]);
  expect(budget.overdue(100)).toEqual(['stranger']);
  expect(budget.size).toBe(0);
});

test('whatever comes and goes: the limits hold, nobody is lost, the newest has a place, and only the oldest go', () => {
  const step = fc.oneof(
    {weight: 4, arbitrary: fc.record({do: fc.constant('arrive' as const), address: fc.option(fc.nat({max: 4}))})},
    {weight: 2, arbitrary: fc.record({do: fc.constant('leave' as const), which: fc.nat()})},
    {weight: 1, arbitrary: fc.record({do: fc.constant('wait' as const), ms: fc.nat({max: 60})})},
  );
  fc.assert(
    fc.property(fc.array(step, {maxLength: 200}), steps => {
      const budget = new StrangerBudget<number>(LIMITS);
      const model = new Map<number, {address: string | undefined; at: number}>();
      let [at, next] = [0, 0];
      for (const step of steps) {
        if (step.do === 'arrive') {
          const address = step.address === null ? undefined : `${step.address}`;
          const evicted = budget.arrived(next, address, at);
          if (evicted !== undefined) {
            const victim = model.get(evicted);
            const sameAddress = victim?.address !== undefined && victim.address === address;
            const rivals = [...model].filter(([, other]) => !sameAddress || other.address === address);
            expect(rivals[0]?.[0]).toBe(evicted);
            model.delete(evicted);
          }
          model.set(next, {address, at});
          expect(budget.has(next)).toBe(true);
          next += 1;
        } else if (step.do === 'leave') {
          const which = next === 0 ? 0 : step.which % next;
          budget.left(which);
          model.delete(which);
        } else {
          at += step.ms;
          const late = [...model].filter(([, {at: since}]) => at - since >= LIMITS.proveWithin).map(([id]) => id);
          expect(budget.overdue(at)).toEqual(late);
          for (const id of late) model.delete(id);
        }
        expect(budget.size).toBe(model.size);
        expect(budget.size).toBeLessThanOrEqual(LIMITS.atMost);
        const counts = Map.groupBy(
          [...model.values()].filter(({address}) => address !== undefined),
          ({address}) => address,
        );
        for (const same of counts.values()) expect(same.length).toBeLessThanOrEqual(LIMITS.perAddress);
      }
    }),
  );
});
