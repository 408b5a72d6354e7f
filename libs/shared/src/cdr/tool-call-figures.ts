import {count, duration, type Figures, flag, name, position} from './figure.ts';

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
  ok: {kind: flag, column: 'ok', about: 'whether the tool did what it was asked for'},
} as const satisfies Figures;
