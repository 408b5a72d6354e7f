import type {DemoOptions} from './options.ts';
import {bold, dim, wrap} from './screen.ts';
import type {System} from './start-system.ts';

interface Pointer {
  readonly what: string;
  readonly where: string;
}

/** Where to go from here. */
export function whereNext({wav, keep}: Pick<DemoOptions, 'wav' | 'keep'>, width: number): string[] {
  return pointerLines(
    'Where to look next',
    [
      wav === undefined
        ? {what: 'hear the calls', where: 'npm run demo -- --play; as files: npm run demo -- --wav .voicebridge/calls'}
        : {what: 'hear the calls', where: `the WAV files in ${wav}: the caller left, the assistant right`},
      ...(keep ? [] : [{what: 'see them on a dashboard', where: 'npm run demo -- --keep'}]),
      {what: 'real calls', where: 'README.md, “Real calls, in five steps”: npm start'},
      {what: 'follow one frame', where: 'docs/ARCHITECTURE.md'},
      {what: 'all tests', where: 'npm test'},
    ],
    width,
  );
}

/** The addresses of a system that goes on running. */
export function addresses({analytics, webhook, edges, workers, model, authToken}: System, width: number): string[] {
  const metrics = [webhook, ...edges, ...workers, analytics];
  return [
    ...pointerLines(
      'Everything keeps running until Ctrl-C',
      [
        {what: 'dashboard', where: `${analytics.url}/`},
        {what: 'calls as JSON', where: `${analytics.url}/api/calls`},
        {what: 'the model’s conversation history', where: `${model.url}/sessions`},
        ...metrics.map(({name, url}) => ({what: `metrics of ${name}`, where: `${url}/metrics`})),
      ],
      width,
    ),
    '',
    bold('Five more callers, from another terminal'),
    `  TWILIO_AUTH_TOKEN=${authToken} \\`,
    `  WEBHOOK_URL=${webhook.url}/incoming-call CALLS=5 SECONDS=30 \\`,
    '  node_modules/.bin/node simulators/twilio/src/main.ts',
  ];
}

function pointerLines(heading: string, pointers: readonly Pointer[], width: number): string[] {
  const longest = Math.max(...pointers.map(({what}) => what.length));
  const lines = pointers.flatMap(({what, where}) =>
    wrap(where, width - longest - 4).map(
      (line, index) => `  ${dim((index === 0 ? what : '').padEnd(longest))}  ${line}`,
    ),
  );
  return [bold(heading), ...lines];
}
