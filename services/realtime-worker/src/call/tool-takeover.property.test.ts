import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {expect, test} from 'vitest';
import type {CallEffect} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';
import {began, Call, commandsToModel, ended, speechEvent} from '../testing/call.ts';
import {openingHours, ScriptedLookUp} from '../testing/tools.ts';
import {outcomeUnknown} from '../tools/tool-failure.ts';

const RUNS = Number(process.env['SIMULATION_RUNS'] ?? 300);
const ROUNDS = 8;

class Named extends ScriptedLookUp {
  override readonly name: 'look_up';
  readonly isRepeatable: boolean;
  constructor(name: string, isRepeatable: boolean) {
    super();
    Object.assign(this, {name});
    this.name = name as 'look_up';
    this.isRepeatable = isRepeatable;
  }
}
const [once, again] = [new Named('book', false), new Named('find', true)];
const tools = [openingHours, once, again];

/** What is known of tools beside the journal, as the ledger in Redis has it, and what really ran. */
class Ledger {
  readonly begun = new Set<string>();
  readonly results = new Map<string, ToolOutcome>();
  readonly ran = new Map<string, number>();
}

/** One owner of the call: its core, its sessions of the model, and which tools run there. */
class Owner {
  readonly call: Call;
  readonly entries: JournalEntry[];
  /** So many entries of the journal are in Redis for certain. */
  durable: number;
  /** What the session in use was told, by tool call. */
  told = new Map<string, string[]>();
  readonly running: {callId: string; name: string}[] = [];
  readonly waiting: {callId: string; name: string}[] = [];
  at = 0;

  constructor(before: readonly JournalEntry[]) {
    this.entries = [...before];
    this.durable = before.length;
    this.call = new Call({}, '', {tools}, before.length === 0 ? undefined : before);
    this.take([...this.call.edge(began), ...this.call.model({type: 'ready'})]);
  }

  take(effects: readonly CallEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'journal') this.entries.push({...effect.fact, wall: this.at});
      if (effect.do === 'runTool') this.waiting.push(effect);
    }
    for (const command of commandsToModel(effects))
      if (command.do === 'add' && command.item.kind === 'toolResult') this.#tells(command.item);
  }

  #tells({callId, output}: {readonly callId: string; readonly output: string}): void {
    this.told.set(callId, [...(this.told.get(callId) ?? []), output]);
  }

  step(ms: number): Call {
    this.at += ms;
    return this.call.at(this.at);
  }

  /** All that was decided so far is written; then a tool may begin. */
  begins(ledger: Ledger): void {
    this.durable = this.entries.length;
    for (const tool of this.waiting.splice(0)) {
      const {callId, name} = tool;
      const result = ledger.results.get(callId);
      if (result) this.take(this.step(1).toolFinished(callId, result));
      else if (ledger.begun.has(callId) && name === 'book') this.finishes(ledger, callId, outcomeUnknown(name), false);
      else {
        ledger.begun.add(callId);
        ledger.ran.set(callId, (ledger.ran.get(callId) ?? 0) + 1);
        this.running.push(tool);
      }
    }
  }

  /** A result is in the ledger before it is told. `isTold`: the worker lives that long. */
  finishes(ledger: Ledger, callId: string, outcome: ToolOutcome, isKilled: boolean): void {
    const counts = ledger.results.get(callId) ?? outcome;
    ledger.results.set(callId, counts);
    if (!isKilled) this.take(this.step(1).toolFinished(callId, counts));
  }

  losesSession(): void {
    this.told = new Map();
    this.take(this.step(10).model({type: 'lost', cause: 'closed', detail: ''}));
    this.take(this.step(10).model({type: 'ready'}));
  }
}

test('whatever dies, each tool that ran is told once to the session that goes on, and always in the same words', () => {
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const random = seededRandom(seed);
    const ledger = new Ledger();
    const everTold = new Map<string, Set<string>>();
    let owner = new Owner([]);
    let calls = 0;
    const note = () => {
      for (const [callId, texts] of owner.told)
        everTold.set(callId, new Set([...(everTold.get(callId) ?? []), ...texts]));
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = `${seed}-${round}`;
      owner.take(
        owner.step(200).model(speechEvent(`u${id}`, 'callerSpoke'), speechEvent(`u${id}`, 'callerStopped', 100)),
      );
      owner.take(owner.step(200).model({type: 'turnCommitted', itemId: `u${id}`}));
      owner.take(owner.step(100).model({type: 'responseStarted', responseId: `r${id}`, tag: undefined}));
      for (let n = random.whole(1, 4); n > 0; n -= 1) {
        const name = ['opening_hours', 'book', 'find'][random.whole(0, 2)] ?? 'book';
        const callId = `c${(calls += 1)}`;
        const event = {responseId: `r${id}`, itemId: `i${callId}`, callId, name, arguments: '{"city":"Bern"}'};
        owner.take(owner.step(10).model({type: 'toolCalled', ...event}));
        if (random.whole(0, 2) === 0) owner.begins(ledger);
      }
      if (random.whole(0, 5) > 0) owner.take(owner.step(10).model(ended(`r${id}`)));
      for (let steps = random.whole(0, 8); steps > 0; steps -= 1) {
        const what = random.whole(0, 9);
        const tool = owner.running[0];
        const isKilled = what === 9 || what === 8;
        if (what < 3) owner.begins(ledger);
        else if (what < 7 && tool) {
          owner.running.shift();
          owner.finishes(ledger, tool.callId, {kind: 'output', output: `result of ${tool.callId}`}, false);
        } else if (what === 7) {
          note();
          owner.losesSession();
        } else if (isKilled) {
          note();
          // Killed as a result comes in: it is in the ledger, and nobody was told.
          if (what === 9 && tool)
            owner.finishes(ledger, tool.callId, {kind: 'output', output: `result of ${tool.callId}`}, true);
          owner = new Owner(owner.entries.slice(0, random.whole(owner.durable, owner.entries.length)));
        }
      }
    }
    while (owner.waiting.length > 0 || owner.running.length > 0) {
      owner.begins(ledger);
      const tool = owner.running.shift();
      if (tool) owner.finishes(ledger, tool.callId, {kind: 'output', output: `result of ${tool.callId}`}, false);
    }
    note();
    for (const callId of ledger.begun) {
      expect(owner.told.get(callId), `seed ${seed}: ${callId} is told once`).toHaveLength(1);
      expect([...(everTold.get(callId) ?? [])], `seed ${seed}: ${callId} is told in the same words`).toHaveLength(1);
    }
  }
});
