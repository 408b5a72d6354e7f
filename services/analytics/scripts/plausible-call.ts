import {
  type CallFinished,
  FailoverRecord,
  InterruptionRecord,
  ToolCallRecord,
  TurnRecord,
} from '@voicebridge/shared/cdr/call-record.ts';
import type {z} from 'zod';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import {latency, pickUneven} from './draws.ts';
import {plausibleSummary} from './plausible-summary.ts';
import {sentence} from './sentences.ts';

const ASSISTANTS = ['reception', 'booking', 'support'] as const;
const MODELS = ['gpt-realtime-2.1', 'gpt-realtime-mini'] as const;
const TOOLS = ['find_booking', 'free_slots', 'transfer_call', 'opening_hours'] as const;
const FAILURES = ['failed', 'late', 'refused', 'cancelled'] as const;

/** A figure that was added later may be left out: the schema fills it in. */
type Input = z.input<typeof CallFinished>;

/** One invented call, drawn at random. Its parts agree with each other as in a real record. */
export function plausibleCall(random: Random, startedAt: number, transcript: boolean): CallFinished {
  const assistant = pickUneven(random, ASSISTANTS);
  const model = random.chance(0.7) ? MODELS[0] : MODELS[1];
  const slow = model === MODELS[0] ? 1 : 0.72;
  // The model is slower in the evening, so that an analyst finds something.
  const rush = 1 + 0.25 * Math.max(0, Math.sin(((new Date(startedAt).getUTCHours() - 9) / 24) * 2 * Math.PI));
  const worker = `worker-${random.pick(['a3k9', 'b7q2', 'c1x8', 'd5m4', 'e9t6', 'f2w3'])}`;
  const edge = `edge-${random.pick(['h4n1', 'j8p5', 'k2r7'])}`;
  const count = 2 + Math.floor(-Math.log(1 - random.next()) * 6);

  const turns: Input['turns'] = [];
  const interruptions: Input['interruptions'] = [];
  const toolCalls: Input['toolCalls'] = [];
  const failovers: Input['failovers'] = [];
  const lines: Input['transcript'] = [];
  const timeToFirstAudioMs = latency(random, 280, 0.3);
  let at = timeToFirstAudioMs;
  /** Where the caller started to speak over the assistant. */
  let spokeOverAt: number | undefined;
  for (let turn = 0; turn < count; turn += 1) {
    const greeting = turn === 0;
    const said = greeting ? 0 : latency(random, 1_900, 0.6);
    const callerStartedAt = greeting ? null : (spokeOverAt ?? at + latency(random, 600, 0.5));
    spokeOverAt = undefined;
    const callerEndedAt = callerStartedAt === null ? null : callerStartedAt + said;
    const endOfTurnDelayMs = greeting ? null : latency(random, 520, 0.12);
    const usesTool = !greeting && random.chance(0.12);
    const toolMs = usesTool ? latency(random, 340, 0.7) : 0;
    const modelTtfbMs = greeting ? null : latency(random, 330 * slow * rush, 0.35);
    const hopUpMs = latency(random, 0.6, 0.5);
    const hopDownMs = latency(random, 0.7, 0.5);
    const gap = greeting ? null : (endOfTurnDelayMs ?? 0) + (modelTtfbMs ?? 0) + hopUpMs + hopDownMs + 4;
    const audioStartedAt = callerEndedAt === null ? timeToFirstAudioMs : callerEndedAt + (gap ?? 0) + toolMs;
    const generatedMs = latency(random, 3_800, 0.55);
    const spokenOver = turn < count - 1 && random.chance(assistant === 'support' ? 0.2 : 0.12);
    // Now and then it is a cough: no words follow, and the reply is resumed.
    const interrupted = spokenOver && !random.chance(0.04);
    const heardMs = interrupted ? generatedMs * random.between(0.15, 0.9) : generatedMs;
    const audioEndedAt = audioStartedAt + heardMs;
    turns.push({
      turn,
      cause: greeting ? 'greeting' : usesTool ? 'tool' : 'caller',
      callerStartedAt,
      callerEndedAt,
      decidedAt: callerEndedAt === null ? null : callerEndedAt + (endOfTurnDelayMs ?? 0),
      firstDeltaAt: audioStartedAt - hopDownMs - 2,
      audioStartedAt,
      audioEndedAt,
      platformTurnGapMs: gap,
      toolMs: greeting ? null : toolMs,
      endOfTurnDelayMs,
      modelTtfbMs,
      hopUpMs,
      hopDownMs,
      generatedMs,
      heardMs,
      interrupted,
      responseStatus: interrupted ? 'cancelled' : 'completed',
      model,
      worker,
    });
    if (usesTool) {
      const name = pickUneven(random, TOOLS);
      const ok = !random.chance(name === 'transfer_call' ? 0.09 : 0.02);
      toolCalls.push({
        call: toolCalls.length,
        turn,
        name,
        at: (callerEndedAt ?? 0) + (endOfTurnDelayMs ?? 0),
        durationMs: toolMs,
        waitMs: Math.min(toolMs, latency(random, 3, 0.4)),
        ok,
        outcome: ok ? 'ok' : pickUneven(random, FAILURES),
      });
    }
    if (spokenOver) {
      const reactionMs = latency(random, 6, 0.4);
      const tStopMs = reactionMs + latency(random, 190, 0.25);
      const at = interrupted ? audioEndedAt : audioStartedAt + heardMs / 2;
      if (interrupted) spokeOverAt = Math.max(audioStartedAt, at - tStopMs);
      interruptions.push({
        interruption: interruptions.length,
        turn,
        at: at - reactionMs,
        reactionMs,
        tStopMs,
        talkOverMs: tStopMs,
        unheardMs: generatedMs - heardMs,
        truncatedAtMs: interrupted ? Math.floor(heardMs) : null,
        uncertaintyMs: interrupted ? latency(random, 9, 0.4) : null,
        refused: interrupted && random.chance(0.004),
        false: !interrupted,
      });
    }
    if (transcript) {
      if (callerStartedAt !== null)
        lines.push({
          line: lines.length,
          turn,
          role: 'caller',
          at: callerStartedAt,
          text: sentence('caller', random),
          cut: false,
        });
      const text = sentence(greeting ? 'greeting' : 'assistant', random);
      lines.push({
        line: lines.length,
        turn,
        role: 'assistant',
        at: audioStartedAt,
        text: interrupted ? text.slice(0, Math.ceil((text.length * heardMs) / generatedMs)) : text,
        cut: interrupted,
      });
    }
    at = audioEndedAt;
  }
  if (random.chance(0.012)) {
    const kind = pickUneven(random, ['worker-lost', 'worker-drained', 'model-rotated', 'edge-lost'] as const);
    failovers.push({
      failover: 0,
      kind,
      at: at * random.between(0.2, 0.8),
      gapMs: kind === 'model-rotated' ? 0 : latency(random, 110, 0.4),
      from: worker,
      to: `worker-${random.pick(['a3k9', 'b7q2', 'c1x8'])}`,
    });
  }
  const records = {
    turns: turns.map(turn => TurnRecord.parse(turn)),
    interruptions: interruptions.map(each => InterruptionRecord.parse(each)),
    toolCalls: toolCalls.map(tool => ToolCallRecord.parse(tool)),
    failovers: failovers.map(each => FailoverRecord.parse(each)),
  };
  const facts = {startedAt, lengthMs: at, assistant, model, worker, edge, timeToFirstAudioMs, ...records};
  return {
    version: 1,
    part: 0,
    parts: 1,
    summary: plausibleSummary(random, facts),
    ...records,
    transcript: lines,
    after: null,
  };
}
