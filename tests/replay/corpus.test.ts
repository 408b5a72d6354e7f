import {expect, test} from 'vitest';
import {readCapture} from '@voicebridge/shared/capture/read-capture.ts';
import {readRehearsal} from '../../scripts/rehearse/call-file.ts';
import {SCENES} from '../../tools/replay/corpus.ts';
import {corpusNames, corpusText} from '../../tools/replay/corpus-files.ts';
import {CannotReplay, recordedCall} from '../../tools/replay/recorded-call.ts';
import {rehearsalOf} from '../../tools/replay/rehearsal-of.ts';
import {replay} from '../../tools/replay/replay.ts';
import {replayLines} from '../../tools/replay/tell.ts';
import {parse} from 'yaml';

const callOf = (name: string, text = corpusText(name)) => recordedCall(readCapture(text, `${name}.jsonl`));

test('the corpus has a call of every kind', () => {
  expect(corpusNames().toSorted()).toEqual(SCENES.map(({name}) => name).toSorted());
});

test.each(corpusNames())('what was decided in the captured call %s is decided again', async name => {
  const call = callOf(name);
  const replayed = await replay(call);
  expect(replayLines(call, replayed).at(-1)).toMatch(/^the same: all \d+ decisions/);
  expect(replayed.decisions).toBeGreaterThan(3);
  expect(call.isCut).toBe(false);
});

test('a capture that was cut is compared up to there, and says so', async () => {
  const text = corpusText('interruption');
  const call = callOf('interruption', text.slice(0, text.indexOf('"clear"')));
  const lines = replayLines(call, await replay(call));
  expect(lines).toEqual([
    expect.stringMatching(/^the capture ends in mid-call at 0:0\d\.\d+; compared up to there$/),
    expect.stringContaining('the same'),
  ]);
});

test('what this version cannot play is named, and nothing after it is compared', async () => {
  const call = callOf('interruption');
  const [worker, ...others] = call.workers;
  const at = 4_000;
  const strange = {at, socket: 'call', direction: 'in', message: {kind: 'solarFlare'}} as const;
  const lines = [...(worker?.lines ?? []), strange].toSorted((a, b) => a.at - b.at);
  const workers = worker ? [{...worker, lines}, ...others] : [];
  const told = replayLines(call, await replay({...call, workers}));
  expect(told).toEqual([
    'this version cannot play “call: solarFlare” at 0:04.000; compared up to there',
    expect.stringMatching(/^the same: all \d+ decisions of 0:04\.000$/),
  ]);
});

test('a file that is given twice, once of them cut, is one file', async () => {
  const sections = readCapture(corpusText('interruption'), 'call');
  const cut = sections.map(section => ({...section, lines: section.lines.slice(0, 20), end: undefined}));
  const call = recordedCall([...cut, ...sections, ...cut]);
  expect(replayLines(call, await replay(call))).toEqual([expect.stringMatching(/^the same: all \d+ decisions/)]);
});

test('half of a call cannot be played, and whoever tries is told what is missing', () => {
  const sections = readCapture(corpusText('interruption'), 'call');
  const half = (half: string) => () => recordedCall(sections.filter(section => section.half === half));
  expect(half('edge')).toThrow(
    new CannotReplay('the half of the worker is missing: give the file CALLSID.worker-….jsonl, too'),
  );
  expect(half('worker')).toThrow('the half of the edge is missing');
});

test('a decision that is not as it was is named, with both', async () => {
  const call = callOf('interruption');
  const workers = call.workers.map(section => ({
    ...section,
    lines: section.lines.map(line => {
      const {command} = line.message as {command?: {do: string; audioEndMs?: number}};
      if (command?.do !== 'truncate') return line;
      return {...line, message: {...line.message, command: {...command, audioEndMs: 100}}};
    }),
  }));
  const [first, recorded, now] = replayLines(call, await replay({...call, workers}));
  expect(first).toMatch(/^the first difference, at 0:0\d\.\d{3}$/);
  expect(recorded).toMatch(/recorded {2}0:0\d.* truncate .*cut at 100 ms$/);
  expect(now).toMatch(/now {7}0:0\d.* truncate .*cut at \d{3,4} ms$/);
});

test('a rehearsal is made of a call, with what its caller did', () => {
  const written: unknown = parse(rehearsalOf(callOf('interruption')));
  const read = readRehearsal(written);
  expect(read).toMatchObject({ok: true, rehearsal: {expects: {endedBy: 'caller'}}});
  const {caller} = written as {caller: object[]};
  expect(caller.map(step => Object.keys(step)[0])).toEqual(['says', 'interruptsAfter', 'hangsUp']);
  expect(rehearsalOf(callOf('keys'))).toContain('presses: "00#"');
});
