import type {Failure} from './judge.ts';

/** What is reported of one file. */
export interface Outcome {
  readonly file: string;
  readonly seconds: number;
  readonly failures: readonly Failure[];
}

/** The outcomes as JUnit XML, which every CI reads. */
export function junitXml(outcomes: readonly Outcome[]): string {
  const failed = outcomes.filter(({failures}) => failures.length > 0).length;
  const cases = outcomes.map(({file, seconds, failures}) => {
    const name = `name="${escaped(file)}" classname="rehearse" time="${seconds.toFixed(3)}"`;
    if (failures.length === 0) return `  <testcase ${name}/>`;
    const told = failures.map(
      ({expected, came}) =>
        `    <failure message="${escaped(`expected ${expected}`)}">came: ${escaped(came)}</failure>`,
    );
    return [`  <testcase ${name}>`, ...told, '  </testcase>'].join('\n');
  });
  const head = `<testsuite name="rehearse" tests="${outcomes.length}" failures="${failed}">`;
  return ['<?xml version="1.0" encoding="UTF-8"?>', head, ...cases, '</testsuite>', ''].join('\n');
}

/** XML has no control characters but tab and newline. */
function escaped(text: string): string {
  // oxlint-disable-next-line no-control-regex -- that is what they are
  const clean = text.replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F]/g, '');
  return clean.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
