import {addedLater, count, duration, type Figures, flag, maybeOneOf, maybeText, name, position} from './figure.ts';

/** The most that a record keeps of the arguments of one tool call, and of its result, in characters. */
export const KEPT_OF_TOOL = 1_000;

/**
 * The outcome of a tool call. `late`: no result within its time limit. `refused`: it was not run, because its arguments
 * were wrong, there is no such tool, or the caller had to be asked first. `unknown`: a worker died while it ran.
 * `cancelled`: the caller spoke.
 */
export const TOOL_OUTCOMES = ['ok', 'failed', 'late', 'refused', 'unknown', 'cancelled'] as const;

/** Everything that is kept of a tool call. */
export const TOOL_CALL_FIGURES = {
  call: {kind: count, column: 'toolCall', about: 'number of the tool call in its call, from 0'},
  turn: {kind: count, column: 'turn', about: 'the turn that asked for the tool'},
  name: {kind: name, column: 'name', about: 'name of the tool'},
  at: {kind: position, column: 'atMs', about: 'the model’s request for the tool was complete'},
  durationMs: {
    kind: duration,
    column: 'durationMs',
    about: 'the model asked for a tool to its result',
    metric: {
      name: 'tool_duration',
      title: 'Tool duration',
      definition: {
        whose: '`gen_ai.execute_tool.duration` (OpenTelemetry)',
        from: "the model's request is complete",
        to: 'its result is there; for hanging up, the line is closed, or the caller stopped it (then `ok` is false)',
        clock: 'worker; ms; `null` if the call ended before',
      },
    },
  },
  waitMs: {
    kind: addedLater(duration, null),
    column: 'waitMs',
    about:
      'how much of `durationMs` the tool did not run: it was written down first, and its result after; `null`: it did not run',
  },
  ok: {kind: flag, column: 'ok', about: 'whether the tool did what it was asked for'},
  outcome: {
    kind: addedLater(maybeOneOf(TOOL_OUTCOMES), null),
    column: 'outcome',
    about: 'the outcome; `null` if the call ended before',
  },
  toldToWait: {
    kind: addedLater(flag, false),
    column: 'toldToWait',
    about: 'whether the caller was told to wait (`while` of the tool)',
  },
  arguments: {
    kind: addedLater(maybeText(KEPT_OF_TOOL), null),
    column: 'arguments',
    about: 'what the model wrote as its arguments, as far as 1,000 characters; only of a tool with `record: keep`',
  },
  result: {
    kind: addedLater(maybeText(KEPT_OF_TOOL), null),
    column: 'result',
    about: 'what the model was told, as far as 1,000 characters; only of a tool with `record: keep`',
  },
} as const satisfies Figures;
