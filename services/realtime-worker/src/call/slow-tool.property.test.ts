import {msOfBase64} from '@voicebridge/shared/protocol/audio.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {expect, test} from 'vitest';
import type {CallEffect} from '../events/call-effect.ts';
import {Call, ended, sound, speechEvent} from '../testing/call.ts';
import {ScriptedLookUp} from '../testing/tools.ts';

const RUNS = Number(process.env['SIMULATION_RUNS'] ?? 150);
/** The goal for every silence while a tool runs, in milliseconds. */
const GOAL_MS = 1_200;
const STEP_MS = 10;
const found = {kind: 'output', output: 'It was sent on Monday.'} as const;

/** A call on virtual time: what the phone plays, and a model that takes 300 to 800 ms to begin, and a while to be asked. */
class SlowCall {
  readonly call: Call;
  readonly #random: ReturnType<typeof seededRandom>;
  readonly #due: {readonly at: number; readonly run: () => readonly CallEffect[]}[] = [];
  #playsUntil = 0;
  readonly #over = new Set<string>();
  #responses = 0;
  /** When the phone began to be silent, and when it played again. */
  readonly silences: {readonly from: number; readonly to: number}[] = [];
  now = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    const waiting = {say: ['One moment, please.'], afterMs: 1_000};
    const lookUp = Object.assign(new ScriptedLookUp(), {waiting, timeoutMs: 60_000});
    this.call = Call.connected({}, 'Greet the caller.', {tools: [lookUp]});
    this.#perform(this.call.effects);
  }

  after(ms: number, run: () => readonly CallEffect[]): void {
    this.#due.push({at: this.now + ms, run});
  }

  pass(until: number): void {
    for (; this.now < until; this.now += STEP_MS) {
      this.call.at(this.now);
      for (let due = this.#next(); due; due = this.#next()) this.#perform(due.run());
      if ((this.call.core.deadline ?? Infinity) <= this.now) this.#perform(this.call.timePasses(this.now));
    }
  }

  #next() {
    const at = this.#due.findIndex(due => due.at <= this.now);
    return at < 0 ? undefined : this.#due.splice(at, 1)[0];
  }

  #perform(effects: readonly CallEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'edge' && effect.frame.kind === 'audio') this.#plays(effect.frame);
      if (effect.do === 'edge' && effect.frame.kind === 'mark') this.#returns(effect.frame.name);
      if (effect.do !== 'model') continue;
      if (effect.command.do === 'respond') this.#answers(effect.command.tag);
      if (effect.command.do === 'cancel') this.#stops(effect.command.responseId);
    }
  }

  #plays({payload, mark}: {readonly payload: string; readonly mark: string}): void {
    if (this.now > this.#playsUntil) this.silences.push({from: this.#playsUntil, to: this.now});
    this.#playsUntil = Math.max(this.now, this.#playsUntil) + msOfBase64(payload);
    this.#returns(mark);
  }

  #returns(name: string): void {
    this.after(this.#playsUntil - this.now, () => this.call.edge({kind: 'mark', name}));
  }

  #stops(id: string): void {
    this.after(this.#random.whole(5, 75), () => {
      if (this.#over.has(id)) return [];
      this.#over.add(id);
      return this.call.model(ended(id, 'cancelled'));
    });
  }

  #answers(tag: string): void {
    const id = `${tag}-${(this.#responses += 1)}`;
    const asked = this.#random.whole(10, 150);
    const begins = asked + this.#random.whole(300, 800);
    const ms = this.#random.whole(8, 25) * 100;
    this.after(asked, () => this.call.model({type: 'responseStarted', responseId: id, tag}));
    const ifGoesOn = (run: () => readonly CallEffect[]) => () => (this.#over.has(id) ? [] : run());
    this.after(
      begins,
      ifGoesOn(() =>
        this.call.model(
          {type: 'audio', responseId: id, itemId: `i-${id}`, payload: sound(ms)},
          {type: 'audioEnded', itemId: `i-${id}`},
        ),
      ),
    );
    this.after(
      begins + ms / 6,
      ifGoesOn(() => {
        this.#over.add(id);
        return this.call.model(ended(id));
      }),
    );
  }
}

test('while a tool runs, and until its result is spoken, no silence is longer than 1.2 s', () => {
  const tooLong: string[] = [];
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const slow = new SlowCall(seed);
    const toolMs = 2_000 + (seed % 70) * 100;
    slow.pass(5_000);
    slow.after(0, () =>
      slow.call.model(speechEvent('u1', 'callerSpoke', 5_000), speechEvent('u1', 'callerStopped', 6_000)),
    );
    const args = {responseId: 'r1', itemId: 'item-c1', callId: 'c1', name: 'look_up', arguments: '{"city":"Bern"}'};
    slow.after(100, () =>
      slow.call.model(
        {type: 'turnCommitted', itemId: 'u1'},
        {type: 'responseStarted', responseId: 'r1', tag: undefined},
        {type: 'toolCalled', ...args},
        ended('r1'),
      ),
    );
    const calledAt = slow.now + 100;
    slow.after(100 + toolMs, () => slow.call.toolFinished('c1', found));
    slow.pass(calledAt + toolMs + 4_000);
    for (const {from, to} of slow.silences) {
      const ms = to - Math.max(from, calledAt);
      if (to > calledAt && ms > GOAL_MS) tooLong.push(`seed ${seed}: ${ms} ms, ${from - calledAt} ms after the call`);
    }
  }
  expect(tooLong).toEqual([]);
});
