import type {Sockets} from './sockets.ts';

interface Figures {
  readonly inputs: number;
  readonly broken: number;
  readonly slow: number;
  readonly slowest: number;
}

/** The outcome, as Markdown. */
export function printableTable(results: ReadonlyMap<string, Figures>, sockets: Sockets | undefined): string {
  const rows = [...results].map(
    ([name, {inputs, broken, slow, slowest}]) =>
      `| ${name} | ${inputs.toLocaleString('en')} | ${broken} | ${slow} | ${slowest.toFixed(1)} ms |`,
  );
  const over = sockets
    ? [
        '',
        '| over sockets | sent | answers | problems |',
        '| --- | ---: | --- | ---: |',
        ...sockets.rows.map(({what, sent, answers, problems}) => {
          const said = [...answers].map(([answer, count]) => `${count} × ${answer}`).join(', ');
          return `| ${what} | ${sent.toLocaleString('en')} | ${said} | ${problems} |`;
        }),
      ]
    : [];
  return [
    '',
    '| kind | inputs | broke a rule | over 50 ms | slowest |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows,
    ...over,
    '',
  ].join('\n');
}
