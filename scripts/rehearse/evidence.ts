import type {Millis} from '@voicebridge/shared/time.ts';
import {readTagRuns} from '../../simulators/openai/src/audio/tagged-audio.ts';
import type {ModelItem} from '../../simulators/openai/src/state/model-item.ts';
import {callMetrics} from '../../simulators/twilio/src/report/call-metrics.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {addressOf, outcomeOf} from './people.ts';

/** One call of a tool, as the model saw it. */
export interface ToolCalled {
  readonly name: string;
  /** The arguments as the model wrote them; text if they are no JSON. */
  readonly args: unknown;
  /** What the model was told; undefined: nothing came. */
  readonly result: string | undefined;
}

/** The outcome of a rehearsal. Times are those of the play-out clock of the caller's phone. */
export interface Evidence {
  readonly endedBy: string;
  /** Every word of the assistant and of the carrier that was played to the caller. */
  readonly heard: string;
  readonly tools: readonly ToolCalled[];
  /** Whose telephones rang for the caller, and the outcome. */
  readonly transfers: readonly {readonly to: string; readonly outcome: string}[];
  /** From the end of each thing the caller said to the first sound of the answer. */
  readonly turnGapsMs: readonly Millis[];
  readonly firstWordMs: Millis | undefined;
  readonly lastedMs: Millis;
  readonly interruptions: number;
  /** What may never happen, whatever is expected. */
  readonly faults: readonly string[];
}

/** A session of the scripted model, as far as it proves anything. */
export interface SeenSession {
  readonly items: readonly Pick<ModelItem, 'type' | 'tag' | 'text' | 'generatedMs' | 'toWire'>[];
  readonly refusals: readonly object[];
}

/** What the model of a rehearsal knows of one call. */
export interface ModelSaw {
  readonly sessions: readonly SeenSession[];
  /** Everything the assistant said, where its audio does not tell what of it was heard. */
  readonly said?: readonly string[];
}

/** What a phone and all model sessions of its call say of it. */
export function evidenceOf(report: CallReport, {sessions, said}: ModelSaw): Evidence {
  const {answerMs, firstAudioMs, interruptions} = callMetrics(report);
  return {
    endedBy: report.endedBy === 'platform' ? 'assistant' : report.endedBy,
    heard: [...(said ?? wordsHeard(report, sessions)), ...report.saidByTwilio].join(' '),
    tools: toolsOf(sessions),
    transfers: report.people.map(person => ({to: addressOf(person.target), outcome: outcomeOf(person)})),
    turnGapsMs: answerMs,
    firstWordMs: firstAudioMs,
    lastedMs: report.endedAt - report.startedAt,
    interruptions: interruptions.length,
    faults: [
      ...report.violations.map(({code, detail}) => `Twilio would complain: ${code} ${detail}`),
      ...sessions.flatMap(({refusals}) => refusals.map(refusal => `the model refused: ${JSON.stringify(refusal)}`)),
    ],
  };
}

/** A word counts as heard if more than half of its sound was played. */
function wordsHeard({streams}: CallReport, sessions: readonly SeenSession[]): string[] {
  const items = new Map(sessions.flatMap(({items: own}) => own.map(item => [item.tag, item] as const)));
  return streams
    .flatMap(({played}) => readTagRuns(played))
    .flatMap(({item: tag, fromMs, toMs}) => {
      const item = items.get(tag);
      if (!item || item.generatedMs === 0) return [];
      const words = item.text.split(/\s+/);
      const wordAt = (ms: Millis) => Math.round((words.length * ms) / item.generatedMs);
      return words.slice(wordAt(fromMs), wordAt(toMs));
    });
}

/** A call that several sessions know of is one call. */
function toolsOf(sessions: readonly SeenSession[]): ToolCalled[] {
  const wire = sessions.flatMap(({items}) => items.map(item => item.toWire()));
  const results = new Map(
    wire.flatMap(({type, call_id: id, output}) => (type === 'function_call_output' ? [[id, String(output)]] : [])),
  );
  const called = new Map(
    wire.flatMap(({type, call_id: id, name, arguments: args}) =>
      type === 'function_call' ? [[id, {name: String(name), args: parsed(String(args)), result: results.get(id)}]] : [],
    ),
  );
  return [...called.values()];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return json;
  }
}
